//go:build race

package serde_test

const raceDetector = true
