// Package assets holds the bytes that the desktop carries with it.
package assets

import "embed"

// Icon is the mark of the application, a PNG of 512×512.
//
//go:embed icon.png
var Icon []byte

// Translations has one file per language, <language>.json, below
// TranslationsDir. Their keys are the English texts.
//
//go:embed translations/*.json
var Translations embed.FS

// TranslationsDir is where they are in Translations.
const TranslationsDir = "translations"
