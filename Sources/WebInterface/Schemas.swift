internal import Encoding

/// The component schemas of the OpenAPI document (JSON Schema 2020-12).
enum Schemas {
    static let all: JSONValue = {
        do { return try JSONValue.parse(Array(text.utf8)) } catch {
            preconditionFailure("the schemas are written down in this file: \(error)")
        }
    }()

    /// Names of all schemas.
    static var names: [String] { if case .object(let members) = all.content { members.map(\.name) } else { [] } }

    private static let text = "{" + [basics, standing, subjects, cuts, events, requests].joined(separator: ",") + "}"

    private static let basics = #"""
        "Anything": true,
        "SubjectID": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "Day": {"type": "string", "pattern": "^-?[0-9]{4,}-[0-9]{2}-[0-9]{2}$"},
        "Root": {"type": "string", "description": "32 bytes in standard base64", "pattern": "^[A-Za-z0-9+/]{43}=$"},
        "Count": {"type": "integer", "minimum": 0},
        "Text": {"type": ["string", "null"]},
        "Problem": {"type": "object", "additionalProperties": false, "required": ["type", "title", "status", "detail"],
          "properties": {"type": {"type": "string", "pattern": "^urn:concord:problem:[a-z-]+$"}, "title": {"type": "string"},
            "status": {"type": "integer"}, "detail": {"type": "string"},
            "flaws": {"type": "array", "items": {"type": "object", "additionalProperties": false,
              "required": ["event", "reason"], "properties": {"event": {"$ref": "#/components/schemas/Count"},
                "reason": {"type": "string"}}}}}},
        "Health": {"type": "object", "additionalProperties": false, "required": ["ok", "reasons"],
          "properties": {"ok": {"type": "boolean"}, "reasons": {"type": "array", "items": {"type": "string"}}}}
        """#

    private static let standing = #"""
        "Status": {"type": "object", "required": ["node", "title", "federation", "running", "confirmed", "past", "aside", "trouble",
            "topology", "rulebook", "linked", "unlinked", "wire_sent", "wire_received", "unreadable", "history_runs", "epoch",
            "advice", "forks", "logs"],
          "properties": {"node": {"type": "string"}, "title": {"type": "string"}, "federation": {"type": "string"},
            "running": {"const": true}, "confirmed": {"type": "boolean"}, "past": {"type": ["object", "null"]},
            "aside": {"$ref": "#/components/schemas/Count"}, "trouble": {"$ref": "#/components/schemas/Text"},
            "topology": {"$ref": "#/components/schemas/Root"}, "rulebook": {"$ref": "#/components/schemas/Root"},
            "linked": {"type": "array", "items": {"type": "string"}}, "unlinked": {"type": "array", "items": {"type": "string"}},
            "epoch": {"type": "integer", "minimum": 1},
            "damage": {"type": "integer", "minimum": 0,
              "description": "damaged places that the last verification found, or that a resync left"},
            "advice": {"type": "array", "items": {"type": "string"}},
            "forks": {"type": "array", "items": {"type": "string"}},
            "logs": {"type": "array", "items": {"$ref": "#/components/schemas/Log"}}}},
        "Log": {"type": "object", "additionalProperties": false,
          "required": ["origin", "own", "recorded", "complete", "published", "newest", "lag_events", "lag_ms", "folded",
            "folded_durable", "frozen", "decided", "peers", "taken_from"],
          "properties": {"origin": {"type": "string"}, "own": {"type": "boolean"},
            "recorded": {"$ref": "#/components/schemas/Count"}, "complete": {"$ref": "#/components/schemas/Count"},
            "published": {"$ref": "#/components/schemas/Count"}, "newest": {"$ref": "#/components/schemas/Count"},
            "lag_events": {"$ref": "#/components/schemas/Count"}, "lag_ms": {"$ref": "#/components/schemas/Count"},
            "folded": {"$ref": "#/components/schemas/Count"}, "folded_durable": {"$ref": "#/components/schemas/Count"},
            "frozen": {"type": "boolean"}, "decided": {"type": ["integer", "null"]},
            "peers": {"type": "array", "items": {"type": "object", "required": ["peer", "size"]}},
            "taken_from": {"type": "array", "items": {"type": "object", "required": ["peer", "entries"]}}}},
        "Peers": {"type": "object", "additionalProperties": false, "required": ["federation", "nodes"],
          "properties": {"federation": {"type": "string"}, "nodes": {"type": "array", "items": {"type": "object",
            "additionalProperties": false, "required": ["node", "title", "roles", "self", "peer", "linked", "peers"],
            "properties": {"node": {"type": "string"}, "title": {"type": "string"},
              "roles": {"type": "array", "items": {"enum": ["city", "aggregator", "authority"]}}, "self": {"type": "boolean"},
              "peer": {"type": "boolean"}, "linked": {"type": "boolean"},
              "peers": {"type": "array", "items": {"type": "string"}}}}}}},
        "Forks": {"type": "object", "additionalProperties": false, "required": ["forks"],
          "properties": {"forks": {"type": "array", "items": {"type": "object",
            "required": ["origin", "own", "histories", "part_at", "stored", "choices", "decision", "settled"]}}}}
        """#

    private static let subjects = #"""
        "Effect": {"type": "object", "additionalProperties": false, "required": ["code", "title", "kind"],
          "properties": {"code": {"type": "string"}, "title": {"type": "string"},
            "kind": {"enum": ["benefit", "visibility", "restriction", "review"]}}},
        "Score": {"type": "object", "additionalProperties": false, "required": ["subject", "day", "score"],
          "properties": {"subject": {"$ref": "#/components/schemas/SubjectID"}, "day": {"$ref": "#/components/schemas/Day"},
            "score": {"type": ["integer", "null"]}, "tier": {"type": "string"},
            "effects": {"type": "array", "items": {"$ref": "#/components/schemas/Effect"}}}},
        "Entry": {"type": "object", "additionalProperties": false, "required": ["position", "kind", "fate", "points"],
          "properties": {"position": {"type": "string"}, "kind": {"type": "string"},
            "day": {"$ref": "#/components/schemas/Day"}, "factor": {"type": "string"}, "title": {"type": "string"},
            "quantity": {"type": "integer"}, "points_each": {"type": "integer"}, "target": {"type": "string"},
            "verdict": {"enum": ["upheld", "overturned"]}, "fate": {"type": "string"}, "by": {"type": "string"},
            "reason": {"type": "string"}, "points": {"type": "integer"}}},
        "Explanation": {"type": "object", "additionalProperties": false,
          "required": ["subject", "day", "rulebook", "rulebook_version", "standing", "base", "entries", "years", "streaks",
            "minimum", "maximum", "adjustment", "total"],
          "properties": {"subject": {"$ref": "#/components/schemas/SubjectID"}, "day": {"$ref": "#/components/schemas/Day"},
            "rulebook": {"type": "string"}, "rulebook_version": {"type": "integer"},
            "standing": {"type": ["object", "null"], "required": ["score", "tier", "effects"]}, "base": {"type": "integer"},
            "entries": {"type": "array", "items": {"$ref": "#/components/schemas/Entry"}},
            "years": {"type": "array", "items": {"type": "object"}}, "streaks": {"type": "array", "items": {"type": "object"}},
            "minimum": {"type": "integer"}, "maximum": {"type": "integer"},
            "adjustment": {"type": ["integer", "string", "null"]}, "total": {"type": ["integer", "string", "null"]}}},
        "Events": {"type": "object", "additionalProperties": false, "required": ["subject", "day", "entries"],
          "properties": {"subject": {"$ref": "#/components/schemas/SubjectID"}, "day": {"$ref": "#/components/schemas/Day"},
            "entries": {"type": "array", "items": {"$ref": "#/components/schemas/Entry"}}}},
        "Reads": {"type": "object", "additionalProperties": false, "required": ["subject", "total", "reads"],
          "properties": {"subject": {"$ref": "#/components/schemas/SubjectID"}, "total": {"$ref": "#/components/schemas/Count"},
            "reads": {"type": "array", "items": {"type": "object", "additionalProperties": false,
              "required": ["at_ms", "reader", "what", "first", "last"],
              "properties": {"at_ms": {"$ref": "#/components/schemas/Count"}, "reader": {"type": "string"},
                "what": {"enum": ["score", "explanation", "standings"]},
                "first": {"$ref": "#/components/schemas/SubjectID"}, "last": {"$ref": "#/components/schemas/SubjectID"}}}}}},
        "StandingsPage": {"type": "object", "additionalProperties": false,
          "required": ["day", "root", "at_ms", "subjects", "lines", "next_cursor"],
          "properties": {"day": {"$ref": "#/components/schemas/Day"}, "root": {"$ref": "#/components/schemas/Root"},
            "at_ms": {"$ref": "#/components/schemas/Count"}, "subjects": {"$ref": "#/components/schemas/Count"},
            "lines": {"type": "array", "items": {"type": "object", "additionalProperties": false,
              "required": ["subject", "score", "tier"], "properties": {
                "subject": {"$ref": "#/components/schemas/SubjectID"}, "score": {"type": "integer"}, "tier": {"type": "string"}}}},
            "next_cursor": {"$ref": "#/components/schemas/Text"}}},
        "Distribution": {"type": "object", "additionalProperties": false,
          "required": ["day", "at_ms", "subjects", "rounded_to", "tiers", "scores"],
          "properties": {"day": {"$ref": "#/components/schemas/Day"}, "at_ms": {"$ref": "#/components/schemas/Count"},
            "subjects": {"$ref": "#/components/schemas/Count"}, "rounded_to": {"enum": [1, 5]},
            "tiers": {"type": "array", "items": {"type": "object", "additionalProperties": false,
              "required": ["tier", "from", "subjects"], "properties": {"tier": {"type": "string"}, "from": {"type": "integer"},
                "subjects": {"$ref": "#/components/schemas/Count"}}}},
            "scores": {"type": "array", "items": {"type": "object", "additionalProperties": false,
              "required": ["from", "to", "subjects"], "properties": {"from": {"type": "integer"}, "to": {"type": "integer"},
                "subjects": {"$ref": "#/components/schemas/Count"}}}}}}
        """#

    private static let cuts = #"""
        "Attestation": {"type": "object", "additionalProperties": false, "required": ["node", "root", "subjects"],
          "properties": {"node": {"type": "string"}, "root": {"$ref": "#/components/schemas/Root"},
            "subjects": {"$ref": "#/components/schemas/Count"}}},
        "Cut": {"type": "object",
          "required": ["hash", "at_ms", "day", "topology", "rulebook", "origins", "attestations", "agreed"],
          "properties": {"hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "at_ms": {"$ref": "#/components/schemas/Count"},
            "day": {"$ref": "#/components/schemas/Day"}, "topology": {"$ref": "#/components/schemas/Root"},
            "rulebook": {"$ref": "#/components/schemas/Root"}, "agreed": {"type": "boolean"},
            "origins": {"type": "array", "items": {"type": "object", "additionalProperties": false,
              "required": ["origin", "size", "root"], "properties": {"origin": {"type": "string"},
                "size": {"$ref": "#/components/schemas/Count"}, "root": {"$ref": "#/components/schemas/Root"}}}},
            "attestations": {"type": "array", "items": {"$ref": "#/components/schemas/Attestation"}}}},
        "Cuts": {"type": "object", "additionalProperties": false, "required": ["cuts"],
          "properties": {"cuts": {"type": "array", "items": {"$ref": "#/components/schemas/Cut"}}}},
        "CutWithNotes": {"allOf": [{"$ref": "#/components/schemas/Cut"}, {"type": "object", "required": ["text", "notes"],
          "properties": {"text": {"type": "string"}, "notes": {"type": "array", "items": {"type": "string"}}}}]},
        "Job": {"type": "object", "additionalProperties": false,
          "required": ["job", "kind", "started_by", "started_ms", "ended_ms", "state", "progress", "result", "error"],
          "properties": {"job": {"type": "integer", "minimum": 1}, "kind": {"enum": ["resync", "converge"]},
            "started_by": {"type": "string"}, "started_ms": {"$ref": "#/components/schemas/Count"},
            "ended_ms": {"type": ["integer", "null"]}, "state": {"enum": ["running", "done", "failed", "cancelled"]},
            "progress": {"type": ["object", "null"], "additionalProperties": false, "required": ["text", "done", "total"],
              "properties": {"text": {"type": "string"}, "done": {"type": ["integer", "null"]},
                "total": {"type": ["integer", "null"]}}},
            "result": {"type": ["object", "null"]}, "error": {"$ref": "#/components/schemas/Text"}}},
        "Jobs": {"type": "object", "additionalProperties": false, "required": ["jobs"],
          "properties": {"jobs": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}}}}
        """#

    private static let requests = #"""
        "Recorded": {"type": "object", "additionalProperties": false,
          "required": ["origin", "added", "duplicates", "aside", "first"],
          "properties": {"origin": {"type": "string"}, "added": {"$ref": "#/components/schemas/Count"},
            "duplicates": {"$ref": "#/components/schemas/Count"}, "aside": {"type": "boolean"},
            "first": {"type": ["integer", "null"]}}},
        "ResyncOptions": {"type": "object", "additionalProperties": false,
          "properties": {"peer": {"type": "string"}, "origin": {"type": "string"}, "dry_run": {"type": "boolean"},
            "from_scratch": {"type": "boolean"}, "standings": {"type": "boolean"}}},
        "CutOptions": {"type": "object", "additionalProperties": false,
          "properties": {"timeout_ms": {"type": "integer", "minimum": 0, "maximum": 600000}}}
        """#
}
