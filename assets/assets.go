// Package assets holds the bytes that the desktop carries with it.
package assets

import "embed"

// Icon is the mark of the application, a PNG of 512×512.
//
//go:embed icon.png
var Icon []byte

// Icons are the drawings in the window, icons/<name>.svg: lines of one width on a
// square of 24. The desktop says in its file icons.go which of SVG they may use.
//
//go:embed icons/*.svg
var Icons embed.FS

// IconsDir is where they are in Icons.
const IconsDir = "icons"

// Translations has one file per language, <language>.json, below
// TranslationsDir. Their keys are the English texts.
//
//go:embed translations/*.json
var Translations embed.FS

// TranslationsDir is where they are in Translations.
const TranslationsDir = "translations"
