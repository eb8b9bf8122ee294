package main

import (
	"fmt"
	"math"
	"strings"
)

// penWidth is the width of every line, on a square of 24.
const penWidth = 1.75

// The icons must not depend on the machine that makes them. So products are
// converted to float64 before they are added, which keeps compilers from fusing
// the two operations where the processor could.

type point struct{ x, y float64 }

// stroke is a straight line, or an arc of a circle if it has a radius.
type stroke struct {
	from, to     point
	radius       float64
	large, sweep bool // as in SVG
}

// write writes the shape of a stroke with round ends. All shapes turn the same
// way, so that overlapping ones are filled as one.
func (s stroke) write(to *strings.Builder) {
	const half = penWidth / 2
	if s.from == s.to {
		return
	}
	if s.radius > 0 {
		s.writeArc(to, half)
		return
	}
	length := math.Hypot(s.to.x-s.from.x, s.to.y-s.from.y)
	nx, ny := float64(-(s.to.y-s.from.y)/length*half), float64((s.to.x-s.from.x)/length*half)
	fmt.Fprintf(to, "M%.2f %.2fL%.2f %.2fA%.3f %.3f 0 0 0 %.2f %.2fL%.2f %.2fA%.3f %.3f 0 0 0 %.2f %.2fZ",
		s.from.x+nx, s.from.y+ny, s.to.x+nx, s.to.y+ny, half, half, s.to.x-nx, s.to.y-ny, s.from.x-nx, s.from.y-ny, half, half, s.from.x+nx, s.from.y+ny)
}

// writeArc writes the shape between a larger and a smaller arc.
func (s stroke) writeArc(to *strings.Builder, half float64) {
	if s.sweep { // the same arc in the other direction
		s.from, s.to, s.sweep = s.to, s.from, false
	}
	center, r := s.center()
	at := func(p point, radius float64) (x, y float64) {
		return center.x + float64((p.x-center.x)/r*radius), center.y + float64((p.y-center.y)/r*radius)
	}
	large := 0
	if s.large {
		large = 1
	}
	outer, inner := r+half, max(r-half, 0.01)
	ax, ay := at(s.from, outer)
	bx, by := at(s.to, outer)
	cx, cy := at(s.to, inner)
	dx, dy := at(s.from, inner)
	fmt.Fprintf(to, "M%.2f %.2fA%.3f %.3f 0 %d 0 %.2f %.2fA%.3f %.3f 0 0 0 %.2f %.2fA%.3f %.3f 0 %d 1 %.2f %.2fA%.3f %.3f 0 0 0 %.2f %.2fZ",
		ax, ay, outer, outer, large, bx, by, half, half, cx, cy, inner, inner, large, dx, dy, half, half, ax, ay)
}

// center returns the center and the radius of an arc. The radius is enlarged if
// it is too small to reach from one end to the other (SVG 1.1, F.6.5 and F.6.6).
func (s stroke) center() (point, float64) {
	dx, dy := (s.to.x-s.from.x)/2, (s.to.y-s.from.y)/2
	half := math.Hypot(dx, dy)
	r := max(s.radius, half)
	away := math.Sqrt(float64(r*r)-float64(half*half)) / half
	if s.large == s.sweep {
		away = -away
	}
	return point{s.from.x + dx - float64(away*dy), s.from.y + dy + float64(away*dx)}, r
}

// writeRing writes a circle. Its direction, sweep, decides whether the circle is
// filled (0) or cut out of another one (1).
func writeRing(to *strings.Builder, x, y, r float64, sweep int) {
	fmt.Fprintf(to, "M%.3f %.3fA%.3f %.3f 0 1 %d %.3f %.3fA%.3f %.3f 0 1 %d %.3f %.3fZ",
		x-r, y, r, r, sweep, x+r, y, r, r, sweep, x-r, y)
}
