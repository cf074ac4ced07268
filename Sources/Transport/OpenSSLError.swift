import COpenSSL

/// What OpenSSL left in this thread's error queue, oldest first, as codes.
struct OpenSSLError: Error, CustomStringConvertible {
    let codes: [UInt]

    /// Takes the queue and leaves it empty.
    init() {
        var codes: [UInt] = []
        while true {
            let code = ERR_get_error()
            if code == 0 { break }
            codes.append(UInt(code))
        }
        self.codes = codes
    }

    var description: String {
        codes.isEmpty ? "no detail" : codes.map(Self.text).joined(separator: "; ")
    }

    /// The fatal alert that the peer sent, if that is what the queue reports.
    var alertFromPeer: TLSAlert? {
        for code in codes where ERR_GET_LIB(code) == ERR_LIB_SSL {
            // OpenSSL reports an alert that it received as reason SSL_AD_REASON_OFFSET plus the alert's number.
            let alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET
            if alert > 0, alert < 256 { return TLSAlert(code: UInt8(alert)) }
        }
        return nil
    }

    private static func text(_ code: UInt) -> String {
        guard let reason = ERR_reason_error_string(code) else { return "error \(code)" }
        return String(cString: reason)
    }
}
