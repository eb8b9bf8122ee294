package disk

import (
	"slices"

	"golang.org/x/sys/unix"
)

// magicOfMadeUp are the file systems whose files the system makes up.
var magicOfMadeUp = []int64{
	unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC, unix.SELINUX_MAGIC,
	unix.SMACK_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.BPF_FS_MAGIC, unix.BINFMTFS_MAGIC, unix.EFIVARFS_MAGIC,
	unix.PSTOREFS_MAGIC, unix.DEVPTS_SUPER_MAGIC, unix.NSFS_MAGIC, unix.RDTGROUP_SUPER_MAGIC,
	0x19800202, // mqueue
	0x62656570, // configfs
	0x65735543, // fusectl
}

func madeUp(path string) bool {
	var s unix.Statfs_t
	return unix.Statfs(path, &s) == nil && slices.Contains(magicOfMadeUp, int64(uint32(s.Type)))
}
