/// Bytes of a file as an error message shows them: in quotes, on one line, cut after 40 characters, with escapes for
/// whatever a terminal would act on or not show.
func shown(_ bytes: some Collection<UInt8>) -> String {
    let shownCharacters = 40
    let text = String(decoding: bytes.prefix(4 * shownCharacters + 4), as: UTF8.self)
    var result = "\""
    for scalar in text.unicodeScalars.prefix(shownCharacters) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            result += "\\u{\(String(scalar.value, radix: 16))}"
        default:
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
    }
    return result + (text.unicodeScalars.count > shownCharacters ? "…\"" : "\"")
}
