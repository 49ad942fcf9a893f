package module

// writerGroup: no group but root's own user may write.
func writerGroup(uint32) bool { return false }
