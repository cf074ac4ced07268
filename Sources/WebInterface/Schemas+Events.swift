// The schemas of events to be recorded: as exact as JSON Schema can be, so that what they allow is refused only for what no schema
// knows (who is in the population, which factors and targets there are).
extension Schemas {
    /// Days from 1970-01-01 to 9999-12-31 that the calendar has, as `YYYY-MM-DD`.
    static let dayPattern: String = {
        let year = "(19[7-9][0-9]|[2-9][0-9]{3})"
        let leapYear = "(19(7[26]|8[048]|9[26])|[2-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[3579][26])00)"
        let long = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
        let short = "(0[469]|11)-(0[1-9]|[12][0-9]|30)"
        return "^(\(year)-(\(long)|\(short)|02-(0[1-9]|1[0-9]|2[0-8]))|\(leapYear)-02-29)$"
    }()

    static var events: String {
        #"""
        "EventsToRecord": {"type": "object", "additionalProperties": false, "required": ["events"],
          "properties": {"events": {"type": "array", "minItems": 1, "maxItems": \#(WebLimits.events),
            "items": {"$ref": "#/components/schemas/EventToRecord"}}}},
        "EventToRecord": {
          "description": "As one line of an imported NDJSON file. What is no observation names its kind.",
          "oneOf": [\#(kinds.map(reference).joined(separator: ", "))]},
        "Observation": \#(observation),
        "Retraction": \#(event("retraction", required: ["target"], [target, reason])),
        "Appeal": \#(event("appeal", required: ["target"], [target, reason])),
        "Ruling": \#(event("ruling", required: ["target", "verdict"], [target, verdict, reason])),
        "Enrolment": \#(event("enrolment", [statement])),
        "Withdrawal": \#(event("withdrawal", [statement])),
        "Reference": {"description":
            "Tells like events of one day apart: text, or hex: and two digits a byte. An observation without one gets one from its place among its like in the request.",
          "oneOf": [{"type": "string", "pattern": "^hex:([0-9a-fA-F]{2}){1,64}$"},
            {"allOf": [{"not": {"pattern": "^hex:"}}, {"$ref": "#/components/schemas/Text64"}]}]},
        "Target": {"type": "string", "description": "An event: the origin line of its log, a colon, its index.",
          "pattern": "^[a-z0-9.-]{1,128}/[a-z0-9-]{1,63}/[1-9][0-9]{0,8}:(0|[1-9][0-9]{0,17})$"},
        "Text64": \#(text(bytes: 64)),
        "Text255": \#(text(bytes: 255))
        """#
    }

    private static let kinds = ["Observation", "Retraction", "Appeal", "Ruling", "Enrolment", "Withdrawal"]
    private static var observation: String {
        let factor = "{\"allOf\": [{\"minLength\": 1}, \(reference("Text64"))], \"description\": \"of the rulebook\"}"
        let quantity = #"{"type": "integer", "minimum": 1, "maximum": 2147483647, "default": 1}"#
        return event(
            "observation", isNamed: false, required: ["factor"],
            [("factor", factor), ("quantity", quantity), ("reference", reference("Reference"))])
    }

    private static let target = ("target", reference("Target"))
    private static let verdict = ("verdict", #"{"enum": ["upheld", "overturned"]}"#)
    private static let reason = ("reason", reference("Text255"))
    private static let statement = ("statement", reference("Text255"))

    private static func reference(_ schema: String) -> String { "{\"$ref\": \"#/components/schemas/\(schema)\"}" }

    private static func event(
        _ kind: String, isNamed: Bool = true, required: [String] = [], _ members: [(name: String, schema: String)]
    ) -> String {
        let names = ["day", "subject"] + (isNamed ? ["kind"] : []) + required
        let common = [
            ("kind", "{\"const\": \"\(kind)\"}"),
            ("day", "{\"type\": \"string\", \"pattern\": \"\(dayPattern)\"}"),
            ("subject", #"{"type": "string", "pattern": "^[0-9a-fA-F]{32}$"}"#),
        ]
        let properties = (common + members).map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ")
        return "{\"type\": \"object\", \"additionalProperties\": false, "
            + "\"required\": [\(names.map { "\"\($0)\"" }.joined(separator: ", "))], \"properties\": {\(properties)}}"
    }

    /// A text of so many bytes of UTF-8. A schema counts characters: how many may be depends on how many bytes the longest of them
    /// takes. NUL and what I-JSON calls no character are no part of a text.
    private static func text(bytes: Int) -> String {
        let classes = [#"\\u0001-\\u007f"#, #"\\u0001-\\u07ff"#, #"\\u0001-\\ufdcf\\ufdf0-\\ufffd"#].enumerated().map {
            "{\"maxLength\": \(bytes / ($0 + 1)), \"pattern\": \"^[\($1)]*$\"}"
        }
        let any = "{\"maxLength\": \(bytes / 4), \"pattern\": \"^[^\\\\u0000\\\\ufdd0-\\\\ufdef\\\\ufffe\\\\uffff]*$\"}"
        return "{\"type\": \"string\", \"description\": \"at most \(bytes) bytes of UTF-8\", \"anyOf\": ["
            + (classes + [any]).joined(separator: ", ") + "]}"
    }
}
