internal import Federation
internal import Scoring
internal import TransparencyLog

extension Node {
    /// The node that signed an attestation, and what it says; nil where no node of the topology did.
    func verifiedAttestation(_ note: [UInt8]) -> (String, Attestation)? {
        guard let signed = try? SignedNote(note), let attestation = try? Attestation(text: signed.text) else { return nil }
        for member in topology.nodes where (try? signed.verified(by: member.keys)) != nil {
            return (member.name, attestation)
        }
        return nil
    }
}
