//go:build !unix

package bolt

import "os"

// keepOwner does nothing: files belong to their folder's owner here.
func keepOwner(*os.File, os.FileInfo) error { return nil }
