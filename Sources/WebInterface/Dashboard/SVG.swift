/// Plots and the picture of the federation, as SVG that stands in a page. All text is escaped, and colours come from the style
/// sheet by class.
struct SVG {
    private(set) var content = ""
    let width: Int
    let height: Int
    let label: String

    /// - Parameter label: what the picture shows, in words, for who does not see it.
    init(width: Int, height: Int, label: String) {
        self.width = width
        self.height = height
        self.label = label
    }

    var text: String {
        "<svg role=\"img\" aria-label=\"\(Self.escaped(label))\" width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\">"
            + content + "</svg>"
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        content += "<line x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\" class=\"\(style)\"/>"
    }

    mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, title: String = "") {
        let title = title.isEmpty ? "" : "<title>\(Self.escaped(title))</title>"
        content +=
            "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" height=\"\(n(height))\" class=\"\(style)\">\(title)</rect>"
    }

    mutating func circle(_ x: Double, _ y: Double, _ radius: Double, _ style: String, title: String = "") {
        let title = title.isEmpty ? "" : "<title>\(Self.escaped(title))</title>"
        content += "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\" class=\"\(style)\">\(title)</circle>"
    }

    mutating func write(_ text: String, _ x: Double, _ y: Double, anchor: String = "start", _ style: String = "") {
        content +=
            "<text x=\"\(n(x))\" y=\"\(n(y))\" text-anchor=\"\(anchor)\" class=\"\(style)\">\(Self.escaped(text))</text>"
    }

    mutating func path(_ points: [(Double, Double)], _ style: String, isClosed: Bool = false) {
        guard let first = points.first else { return }
        let rest = points.dropFirst().map { "L\(n($0.0)) \(n($0.1))" }.joined()
        content += "<path d=\"M\(n(first.0)) \(n(first.1))\(rest)\(isClosed ? "Z" : "")\" class=\"\(style)\"/>"
    }

    /// Tenths are fine enough for a picture.
    private func n(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }
}
