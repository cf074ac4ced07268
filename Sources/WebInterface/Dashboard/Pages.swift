internal import HTTPTypes
internal import Hummingbird
internal import Mustache

/// The dashboard's pages: templates with what they show filled in. All text is escaped where it is filled in; what is not
/// are the plots, which ``SVG`` makes.
struct Pages: Sendable {
    private let library: MustacheLibrary

    init() {
        do {
            library = MustacheLibrary(
                templates: try Templates.all.mapValues { try MustacheTemplate(string: $0) })
        } catch { preconditionFailure("the templates are written down in Templates: \(error)") }
    }

    func text(_ template: String, _ values: [String: Any]) -> String {
        guard let text = library.render(values, withTemplate: template) else {
            preconditionFailure("there is no template \(template)")
        }
        return text
    }

    func page(
        _ template: String, _ values: [String: Any], status: HTTPResponse.Status = .ok, headers: HTTPFields = HTTPFields()
    ) -> Response {
        var headers = headers
        headers[.contentType] = "text/html; charset=utf-8"
        headers[.contentSecurityPolicy] = Self.policy
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text(template, values))))
    }

    /// Nothing comes from elsewhere, no script or style stands in a page, and no other page may frame this one.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'"
}

extension HTTPField.Name {
    static let contentSecurityPolicy = HTTPField.Name("Content-Security-Policy")!
}
