//go:build !darwin || cgo

// Package kit holds the widgets of the window that are parts of all others: lines of
// text, buttons and fields, cards and plates, chips, bars, tooltips. Larger ones have
// rooms of their own, which use this one: lists, tables, sheets, drawings, ticks. Colours
// and distances come from look, below.
//
// The kit knows neither the pages nor the engine; a page fills a widget with plain
// values and is called back through fields that are functions.
//
// Every widget is used on the UI thread only.
//
// Every file of the kit carries the constraint "!darwin || cgo", because Fyne's
// widgets do not compile for macOS without cgo, where the headless build is still made
// with ./... .
package kit
