package admission

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"strings"
)

// unknownMemory stands for the memory of a computer that does not tell.
const unknownMemory = 2 << 30

// machineMemory returns the bytes of memory that this process can have: those of
// the computer, or of its container if that has fewer. Only Linux tells; other
// systems count as 2 GiB.
func machineMemory() int64 {
	memory := int64(unknownMemory)
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		if total := memTotal(info); total > 0 {
			memory = total
		}
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if text, err := os.ReadFile(file); err == nil {
			if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit > 0 {
				memory = min(memory, limit)
			}
		}
	}
	return memory
}

// memTotal returns the bytes in the line MemTotal of proc_meminfo(5), or 0.
func memTotal(info []byte) int64 {
	for lines := bufio.NewScanner(bytes.NewReader(info)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 3 && fields[0] == "MemTotal:" && fields[2] == "kB" {
			kilobytes, _ := strconv.ParseInt(fields[1], 10, 64) // 0 if it is not a number
			return kilobytes << 10
		}
	}
	return 0
}
