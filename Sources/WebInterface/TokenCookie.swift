internal import HTTPTypes

/// The cookie in which the dashboard keeps a visitor's token: out of the reach of scripts, and sent to this node's own pages
/// alone.
enum TokenCookie {
    static let name = "concord_token"

    static func secret(in headers: HTTPFields) -> String? {
        for field in headers[values: .cookie] {
            for part in field.split(separator: ";") {
                let halves = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if halves.count == 2, halves[0] == name { return String(halves[1]) }
            }
        }
        return nil
    }

    static func setting(_ secret: String) -> String {
        "\(name)=\(secret); Path=/; HttpOnly; SameSite=Strict; Max-Age=28800"
    }

    static let clearing = "\(name)=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
}
