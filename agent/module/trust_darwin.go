package module

// writerGroup: macOS lets its administrators, group admin (80), write to /Applications and parts of /Library.
func writerGroup(gid uint32) bool { return gid == 0 || gid == 80 }
