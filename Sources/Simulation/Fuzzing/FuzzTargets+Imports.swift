internal import Federation
internal import NodeRuntime

/// Imported files. The first byte says in which pieces the file is read.
extension FuzzTarget {
    static let importTargets = [
        importing("import-csv", .csv, csvTokens, csvSeeds), importing("import-ndjson", .ndjson, jsonTokens, jsonSeeds),
    ]

    private static let csvTokens = texts(
        "\"", "\"\"", "\n", "\r\n", "\r", ",", ";", "\t", "\u{feff}", "kind", "hex:", "hex:00", "2020-02-29", "2019-02-29",
        "1969-12-31", "9999-12-31", "retraction", "ruling", "overturned", "erasure", "\0", "PK\u{3}\u{4}",
        "026397cb0529e1d3cd44e128ff2b4e48", "pilot.example/north/1:7")

    private static let csvSeeds = [
        "kind,day,subject,factor,quantity,reference\n,2020-01-02,026397cb0529e1d3cd44e128ff2b4e48,plus,2,\"a \"\"b\"\"\"\n",
        "DAY;Subject;kind;target;reason;verdict;statement\r\n2020-01-02;026397cb0529e1d3cd44e128ff2b4e48;ruling;a/b/1:7;no;upheld;\r\n"
            + "2020-01-02;026397cb0529e1d3cd44e128ff2b4e48;enrolment;;;;yes\r\n",
        "day,subject,factor\n2020-01-02,026397cb0529e1d3cd44e128ff2b4e48,plus\n2020-01-02,026397cb0529e1d3cd44e128ff2b4e48,plus\n",
    ]

    private static let jsonSeeds = [
        #"{"day":"2020-01-02","subject":"026397cb0529e1d3cd44e128ff2b4e48","factor":"plus","quantity":2,"reference":"hex:0102"}"#
            + "\n\n"
            + #"{"kind":"appeal","day":"2020-01-02","subject":"026397cb0529e1d3cd44e128ff2b4e48","target":"a/b/1:7","reason":null}"#
    ]

    private static func importing(
        _ name: String, _ format: ImportFormat, _ tokens: [[UInt8]], _ seeds: [String]
    ) -> FuzzTarget {
        FuzzTarget(
            name, "an imported \(format) file", maximumBytes: 2_048, tokens: tokens,
            seeds: { seeds.map { [255] + Array($0.utf8) } },
            body: { input, trace throws(FuzzFailure) in
                guard let first = input.first else { return }
                let file = Array(input.dropFirst())
                let items = try read(.bytes(file), format)
                // However the file comes, it says the same.
                let inPieces = try read(.bytes(file, blockBytes: 1 + Int(first & 0x3f)), format)
                try trace.require(inPieces == items, "read in pieces it says something else")
                try trace.require(items.count <= file.count + 16, "\(items.count) items of \(file.count) bytes")
                trace.note(size: items.count)
                for item in items.prefix(4) { try look(item, &trace) }
            })
    }

    private static func read(_ source: ImportSource, _ format: ImportFormat) throws(FuzzFailure) -> [ImportItem] {
        var reader = ImportReader(source, format: format, node: Array("north".utf8))
        var items: [ImportItem] = []
        do throws(ImportSourceFailure) {
            while let item = try reader.next() { items.append(item) }
        } catch { throw FuzzFailure(description: "bytes at hand cannot be read: \(error)") }
        return items
    }

    private static func look(_ item: ImportItem, _ trace: inout FuzzTrace) throws(FuzzFailure) {
        switch item {
        case .error(let error):
            trace.note(words: error.message)
            try trace.require(error.line >= 1 && (error.column ?? 1) >= 1, "an error stands nowhere")
            try trace.require(error.description.utf8.count <= 1_024, "an error of \(error.description.utf8.count) bytes")
        case .record(let record):
            trace.note(Int(record.content.kind.rawValue))
            let salt = [UInt8](repeating: 0, count: Body.saltBytes)
            let body = Body(salt: salt, day: record.day, subject: record.subject, content: record.content)
            try trace.require(body.flaw == nil, "a record that is no event: \(body.flaw ?? "")")
            let again = try? Body(decoding: body.encoded, kind: record.content.kind)
            try trace.require(again == body, "a record that is another event once recorded")
        }
    }
}
