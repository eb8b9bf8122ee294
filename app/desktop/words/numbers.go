package words

import (
	"time"

	"golang.org/x/text/number"
)

// Numbers are written in this file only.

// Count writes a number with separated thousands: "12,345".
func Count(n int) string { return current().printer.Sprint(number.Decimal(n)) }

// Decimal writes a number with a fixed number of digits after the decimal
// point.
func Decimal(n float64, digits int) string {
	return current().printer.Sprint(number.Decimal(n, number.MinFractionDigits(digits), number.MaxFractionDigits(digits)))
}

// sizeUnits are the units of sizes, each a thousand times the one before.
var sizeUnits = []Phrase{"{{.N}} B", "{{.N}} kB", "{{.N}} MB", "{{.N}} GB", "{{.N}} TB", "{{.N}} PB", "{{.N}} EB"}

// Size writes a number of bytes with at least two digits: "8.4 MB", "412 MB".
// It writes "?" for an unknown size (-1).
func Size(n int64) string {
	if n < 0 {
		return "?"
	}
	value, unit := float64(n), 0
	for ; value >= 999.5 && unit < len(sizeUnits)-1; unit++ {
		value /= 1000
	}
	digits := 0
	if unit > 0 && value < 9.95 {
		digits = 1
	}
	return L(string(sizeUnits[unit]), Values{"N": Decimal(value, digits)})
}

// Rate writes a number of bytes per second: "8.4 MB/s".
func Rate(n int64) string {
	return L("{{.Size}}/s", Values{"Size": Size(max(n, 0))})
}

// Percent writes what part of size is done: "40 %". It is 100 % only if nothing
// is missing.
func Percent(done, size int64) string {
	return L("{{.N}} %", Values{"N": Count(int(100 * Fraction(done, size)))})
}

// Duration writes a number of seconds in its two largest units.
func Duration(seconds int64) string {
	n := func(n int64) string { return Count(int(n)) }
	switch {
	case seconds < 60:
		return L("{{.N}} s", Values{"N": n(seconds)})
	case seconds < 3600:
		return L("{{.N}} min", Values{"N": n((seconds + 30) / 60)})
	case seconds < 24*3600:
		return L("{{.H}} h {{.M}} min", Values{"H": n(seconds / 3600), "M": n(seconds % 3600 / 60)})
	default:
		days := int(seconds / (24 * 3600))
		return N("{{.Count}} days", days, Values{"Count": Count(days)})
	}
}

// Left says how many seconds something still takes: "1 min left".
func Left(seconds int64) string {
	return L("{{.Time}} left", Values{"Time": Duration(seconds)})
}

var monthNames = [...]Phrase{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// Day writes when something was added: the time if it was today, else the day.
func Day(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(now.Location())
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	return L("{{.Day}} {{.Month}} {{.Year}}", Values{
		"Day": t.Day(), "Month": monthNames[t.Month()-1].String(), "Year": t.Year()})
}
