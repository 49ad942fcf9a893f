//go:build unix

package doctor

const rootDir = "/"
