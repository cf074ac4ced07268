import Foundation
import Scoring
import Testing

struct CalendarDayTests {
    @Test(
        arguments: [
            (0, "1970-01-01"), (-1, "1969-12-31"), (17_897, "2019-01-01"), (18_262, "2020-01-01"),
            (18_321, "2020-02-29"),
            (11_016, "2000-02-29"), (47_540, "2100-02-28"), (47_541, "2100-03-01"), (2_932_896, "9999-12-31"),
            (2_932_897, "10000-01-01"), (-719_528, "0000-01-01"), (4_294_967_295, "11761191-01-20"),
        ] as [(Int64, String)])
    func knownDays(number: Int64, text: String) {
        #expect(CalendarDay(dayNumber: number).description == text)
        #expect(CalendarDay(dayNumber: number).dayNumber == number)
        if text.utf8.count == 10 { #expect(CalendarDay(text)?.dayNumber == number) }
    }

    @Test func everyDayOfEightHundredYearsFollowsTheOneBefore() {
        var previous = CalendarDay(dayNumber: -146_098)
        for number in -146_097...146_097 as ClosedRange<Int64> {
            let next = CalendarDay(dayNumber: number)
            #expect(next.dayNumber == number)
            let isFollower =
                next.day == previous.day + 1 && next.month == previous.month && next.year == previous.year
                || next.day == 1 && next.month == previous.month + 1 && next.year == previous.year
                || next.day == 1 && next.month == 1 && previous.month == 12 && next.year == previous.year + 1
            #expect(isFollower)
            previous = next
        }
    }

    @Test func foundationHasTheSameCalendar() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0)!
        for number in stride(from: Int64(0), through: 100_000, by: 37) {
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: Double(number) * 86_400))
            let day = CalendarDay(dayNumber: number)
            #expect(parts.year == Int(day.year) && parts.month == Int(day.month) && parts.day == Int(day.day))
        }
    }

    @Test(arguments: [
        "2019-02-29", "2100-02-29", "2019-13-01", "2019-00-01", "2019-01-00", "2019-04-31", "2019-1-01", "19-01-01",
        "2019-01-01 ", "2019/01/01", "+019-01-01", "", "٢٠١٩-٠١-٠١",
    ])
    func whatIsNoDayIsRefused(text: String) {
        #expect(CalendarDay(text) == nil)
    }
}
