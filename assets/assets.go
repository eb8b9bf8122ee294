// Package assets holds the bytes that the desktop carries with it.
package assets

import "embed"

// Icon is the mark of the application, a PNG of 512×512.
//
//go:embed icon.png
var Icon []byte

// Icons are the icons in the window, IconsDir/<name>.svg: one path of filled
// shapes on a square of 24, for Fyne to fill with a colour. They are generated
// from the drawings in drawings/, which are lines.
//
//go:generate go run ./outline -from drawings -to icons
//go:embed icons/*.svg
var Icons embed.FS

// Licences are those of everything that is built into the programs. They are collected
// from the modules.
//
//go:generate sh -c "go run ./licences > licences.txt.new && mv licences.txt.new licences.txt"
//go:embed licences.txt
var Licences string

// IconsDir is the folder of Icons.
const IconsDir = "icons"

// Translations has one file for each language, TranslationsDir/<language>.json.
// Its keys are the English texts.
//
//go:embed translations/*.json
var Translations embed.FS

// TranslationsDir is the folder of Translations.
const TranslationsDir = "translations"
