//go:build !darwin || cgo

package desktop

import (
	"time"

	"golang.org/x/text/number"
)

// Numbers are written in this file alone.

// countWords writes a number with its thousands apart: "12,345".
func countWords(n int) string { return current().printer.Sprint(number.Decimal(n)) }

// decimalWords writes a number with so many digits after the comma.
func decimalWords(n float64, digits int) string {
	return current().printer.Sprint(number.Decimal(n, number.MinFractionDigits(digits), number.MaxFractionDigits(digits)))
}

// sizeUnits are those of sizes, each a thousand times the one before.
var sizeUnits = []phrase{"{{.N}} B", "{{.N}} kB", "{{.N}} MB", "{{.N}} GB", "{{.N}} TB", "{{.N}} PB", "{{.N}} EB"}

// sizeWords writes a number of bytes in two digits or more: "8.4 MB", "412 MB";
// "?" while it is unknown (-1).
func sizeWords(n int64) string {
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
	return L(string(sizeUnits[unit]), values{"N": decimalWords(value, digits)})
}

// rateWords writes bytes a second: "8.4 MB/s".
func rateWords(n int64) string {
	return L("{{.Size}}/s", values{"Size": sizeWords(max(n, 0))})
}

// percentWords writes a share of 1 for people: "40 %". It is 100 % only when
// nothing is missing.
func percentWords(done, size int64) string {
	return L("{{.N}} %", values{"N": countWords(int(100 * percent(done, size)))})
}

// durationWords writes a number of seconds in its two largest units.
func durationWords(seconds int64) string {
	n := func(n int64) string { return countWords(int(n)) }
	switch {
	case seconds < 60:
		return L("{{.N}} s", values{"N": n(seconds)})
	case seconds < 3600:
		return L("{{.N}} min", values{"N": n((seconds + 30) / 60)})
	case seconds < 24*3600:
		return L("{{.H}} h {{.M}} min", values{"H": n(seconds / 3600), "M": n(seconds % 3600 / 60)})
	default:
		days := int(seconds / (24 * 3600))
		return N("{{.Count}} days", days, values{"Count": countWords(days)})
	}
}

// leftWords says how long something still takes: "1 min left".
func leftWords(seconds int64) string {
	return L("{{.Time}} left", values{"Time": durationWords(seconds)})
}

var monthNames = [...]phrase{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// dayWords writes when something was added: the time today, else the day.
func dayWords(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(now.Location())
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	return L("{{.Day}} {{.Month}} {{.Year}}", values{
		"Day": t.Day(), "Month": monthNames[t.Month()-1].String(), "Year": t.Year()})
}
