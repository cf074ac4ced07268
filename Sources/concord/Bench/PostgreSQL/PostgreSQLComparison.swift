internal import ArgumentParser
internal import Foundation
internal import NodeRuntime

/// With what a bench may compare itself.
enum BenchComparison: String, ExpressibleByArgument, CaseIterable {
    case postgresql
}

/// The same work in PostgreSQL's logical replication: databases of cities in one cluster, and another cluster that
/// subscribes to all of them. Events are rows of 100 bytes with a primary key and, in the subscriber, an index by subject;
/// nothing is hashed, signed or encrypted.
struct PostgreSQLComparison {
    private static let rowsPerTransaction: UInt64 = 10
    private static let table = """
        CREATE TABLE event (
          origin int, number bigint, subject bytea NOT NULL, payload bytea NOT NULL, PRIMARY KEY (origin, number));
        """
    private let publisher: PostgreSQLCluster
    private let subscriber: PostgreSQLCluster
    private let cities: [Int]
    private let run: BenchRun

    init(_ run: BenchRun, cities: Int) throws {
        self.run = run
        self.cities = Array(1...cities)
        run.note("PostgreSQL starts")
        let server = try PostgreSQL()
        publisher = try PostgreSQLCluster(server)
        subscriber = try PostgreSQLCluster(server)
        try publisher.start()
        try subscriber.start()
        for city in self.cities {
            try publisher.query("postgres", "CREATE DATABASE city\(city)")
            try publisher.query("city\(city)", Self.table + "CREATE PUBLICATION events FOR TABLE event;")
        }
        try subscriber.query(
            "postgres",
            Self.table + "CREATE INDEX event_subject ON event (subject);"
                + "ALTER TABLE event ADD COLUMN arrived timestamptz DEFAULT clock_timestamp();")
    }

    /// A row of 100 bytes: 12 of key, 16 of subject, 72 of payload.
    private static func row(_ origin: Int, _ number: String) -> String {
        "\(origin), \(number), decode(md5((\(number) % 100000)::text), 'hex'), "
            + "decode(md5((\(number))::text) || repeat(md5((\(number) + 1)::text), 3) || '0011223344556677', 'hex')"
    }

    private func subscribe(isSynced: Bool) throws {
        for city in cities {
            try subscriber.query(
                "postgres",
                """
                CREATE SUBSCRIPTION city\(city) CONNECTION \
                'host=127.0.0.1 port=\(publisher.port) user=concord dbname=city\(city)' \
                PUBLICATION events WITH (synchronous_commit = '\(isSynced ? "on" : "off")')
                """)
        }
    }

    private func wait(_ condition: String) throws {
        while try subscriber.query("postgres", "SELECT \(condition)") != "t" {
            try run.signals.check()
            usleepMilliseconds(5)
        }
    }
}

// Catch-up.
extension PostgreSQLComparison {
    /// Initial copy of all rows into an empty subscriber, then streaming of as many that were committed while it was away.
    func catchUp(_ events: UInt64, concord: UInt64) throws -> BenchFigures {
        var figures = BenchFigures("")
        let shares = shares(of: events, cities.count)
        run.note("PostgreSQL copies")
        for (city, share) in zip(cities, shares) {
            try publisher.query(
                "city\(city)", "INSERT INTO event SELECT \(Self.row(city, "n")) FROM generate_series(1, \(share)) n; CHECKPOINT"
            )
        }
        let copy = try measure {
            try subscribe(isSynced: true)
            try wait("count(*) = \(cities.count) FROM pg_subscription_rel WHERE srsubstate IN ('f', 's', 'r')")
        }
        guard try subscriber.query("postgres", "SELECT count(*) FROM event") == "\(events)" else {
            throw NodeFailure(.refused, "PostgreSQL's copy is not whole")
        }
        add(&figures, "copy", "PostgreSQL, initial copy", rate(events, nanoseconds: copy), concord)
        run.note("PostgreSQL streams")
        for city in cities { try subscriber.query("postgres", "ALTER SUBSCRIPTION city\(city) DISABLE") }
        try stage(shares)
        let stream = try measure {
            for city in cities { try subscriber.query("postgres", "ALTER SUBSCRIPTION city\(city) ENABLE") }
            try wait("count(*) = \(cities.count) FROM event WHERE (origin, number) IN (VALUES \(last(shares)))")
        }
        add(
            &figures, "stream", "PostgreSQL, streaming, \(Self.rowsPerTransaction) rows a transaction",
            rate(events, nanoseconds: stream), concord)
        figures.note(
            "PostgreSQL: rows of 100 bytes, primary key and subject index, synchronous commit, no TLS; timed from the first "
                + "subscription's start until the last row is committed")
        return figures
    }

    /// The last row of each city, committed last.
    private func last(_ shares: [UInt64]) -> String {
        zip(cities, shares).map { "(\($0), \(2 * $1))" }.joined(separator: ", ")
    }

    /// Commits as many rows again in each city, in small transactions.
    private func stage(_ shares: [UInt64]) throws {
        for (city, share) in zip(cities, shares) {
            try publisher.query("postgres", "ALTER DATABASE city\(city) SET synchronous_commit = off")
            try publisher.query(
                "city\(city)",
                """
                DO $$ BEGIN FOR start IN \(share + 1)..\(2 * share) BY \(Self.rowsPerTransaction) LOOP
                  INSERT INTO event SELECT \(Self.row(city, "n"))
                    FROM generate_series(start, least(start + \(Self.rowsPerTransaction - 1), \(2 * share))) n;
                  COMMIT;
                END LOOP; END $$
                """)
        }
    }

    private func add(_ figures: inout BenchFigures, _ name: String, _ label: String, _ rate: UInt64, _ concord: UInt64) {
        figures.add("postgresql_\(name)_events_per_second", label, rate, unit: "events/s")
        figures.add("ratio_to_postgresql_\(name)", "Concord, answerable by subject, by that", concord, per: rate)
    }

    private func measure(_ body: () throws -> Void) throws -> UInt64 {
        let started = steadyNanoseconds()
        try body()
        return steadyNanoseconds() - started
    }
}

// Live.
extension PostgreSQLComparison {
    private static let clients: UInt64 = 16

    /// One row a commit at a rate; from the publisher's commit to the subscriber's apply, by their clocks, which are one.
    func live(_ events: UInt64, rate: UInt64, concord: BenchFigures) throws -> BenchFigures {
        run.note("PostgreSQL streams live")
        // Its default: with a sync for each row it would fall behind.
        try subscribe(isSynced: false)
        try wait("count(*) = \(cities.count) FROM pg_subscription_rel WHERE srsubstate IN ('s', 'r')")
        let city = cities[0]
        try publisher.query("city\(city)", "CREATE SEQUENCE numbers")
        let before = Self.clients * 10
        let script = "INSERT INTO event SELECT \(Self.row(city, "n")) FROM nextval('numbers') n;\n"
        // The first ones meet cold caches, as Concord's do not.
        for count in [before, events] {
            try publisher.bench("city\(city)", script: script, rate: rate, transactions: count, clients: Self.clients)
        }
        let all = before + max(1, events / Self.clients) * Self.clients
        try wait("count(*) = \(all) FROM event")
        let text = try subscriber.query(
            "postgres",
            """
            SELECT string_agg(ns::bigint::text, ' ' ORDER BY ns) FROM (SELECT unnest(percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP \
            (ORDER BY greatest(0, extract(epoch FROM arrived - pg_xact_commit_timestamp(xmin)) * 1000000000))) ns \
            FROM event WHERE number > \(before)) quantiles
            """)
        let quantiles = text.split(separator: " ").compactMap { UInt64($0) }
        guard quantiles.count == 2 else { throw NodeFailure(.refused, "PostgreSQL gives no latencies: \(text)") }
        var figures = BenchFigures("")
        for (value, name, label) in [(quantiles[0], "p50", "median"), (quantiles[1], "p99", "99th percentile")] {
            figures.add("postgresql_latency_ms_\(name)", "PostgreSQL, commit to apply, \(label)", nanoseconds: value)
            figures.add(
                "latency_to_postgresql_\(name)", "Concord by that", concord["latency_ms_\(name)"], per: value)
        }
        figures.note("PostgreSQL: one row a commit; its subscriber does not sync, and its own commit is not in the time")
        return figures
    }
}
