internal import ArgumentParser
internal import Foundation
internal import Logging
internal import NodeRuntime
internal import ServiceLifecycle
internal import UnixSignals

/// Runs all cities of a bench's federation in one process: hundreds of processes would take the memory of the machine.
struct BenchCitiesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cities", abstract: "Run all cities of a folder in this process, for concord bench wide.",
        shouldDisplay: false)

    @Option(help: ArgumentHelp("A folder of data folders, those of cities named city-N.", valueName: "dir"))
    var data: String

    func run() async throws {
        Lifeline.watch()
        let logger = Logger(label: "concord") { _ in LogOutput(logLevel: .error) }
        let names = try FileManager.default.contentsOfDirectory(atPath: data).filter { $0.hasPrefix("city-") }.sorted()
        let services = try names.map { try NodeService(folder: NodeFolder("\(data)/\($0)"), logger: logger) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigint, .sigterm], logger: logger))
        do { try await group.run() } catch { throw NodeFailure(error) }
    }
}
