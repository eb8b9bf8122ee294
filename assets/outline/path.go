package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// readPath reads the data of a path. A curve becomes several short lines.
func readPath(data string) ([]stroke, error) {
	const farthest = 1000 // from the square of 24 that is drawn on
	words := strings.Fields(data)
	var strokes []stroke
	var at, start point
	started := false
	for len(words) > 0 {
		command := words[0][:1]
		if rest := words[0][1:]; rest == "" {
			words = words[1:]
		} else {
			words[0] = rest
		}
		needs, known := map[string]int{"M": 2, "L": 2, "H": 1, "V": 1, "A": 7, "C": 6, "Z": 0}[command]
		if !known || len(words) < needs || command != "M" && !started {
			return nil, fmt.Errorf("cannot draw the path %q", data)
		}
		n := make([]float64, needs)
		for i := range n {
			var err error
			if n[i], err = strconv.ParseFloat(words[i], 64); err != nil || !(math.Abs(n[i]) <= farthest) {
				return nil, fmt.Errorf("%q is not a coordinate in a drawing", words[i])
			}
		}
		words = words[needs:]
		to := at
		switch command {
		case "M":
			at, start, started = point{n[0], n[1]}, point{n[0], n[1]}, true
			continue
		case "L":
			to = point{n[0], n[1]}
		case "H":
			to.x = n[0]
		case "V":
			to.y = n[0]
		case "Z":
			to = start
		case "A":
			to = point{n[5], n[6]}
			strokes = append(strokes, stroke{from: at, to: to, radius: n[0], large: n[3] != 0, sweep: n[4] != 0})
			at = to
			continue
		case "C":
			to = point{n[4], n[5]}
			strokes = append(strokes, curve(at, point{n[0], n[1]}, point{n[2], n[3]}, to)...)
			at = to
			continue
		}
		strokes = append(strokes, stroke{from: at, to: to})
		at = to
	}
	return strokes, nil
}

// curve approximates a cubic Bézier curve by short lines.
func curve(from, first, second, to point) []stroke {
	const steps = 8
	var strokes []stroke
	at := from
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		u := 1 - t
		next := point{
			float64(u*u*u*from.x) + float64(3*u*u*t*first.x) + float64(3*u*t*t*second.x) + float64(t*t*t*to.x),
			float64(u*u*u*from.y) + float64(3*u*u*t*first.y) + float64(3*u*t*t*second.y) + float64(t*t*t*to.y)}
		strokes = append(strokes, stroke{from: at, to: next})
		at = next
	}
	return strokes
}
