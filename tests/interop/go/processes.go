package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const ticks = 100 // a second, on every Linux

// ownCPU is how many seconds this process has computed.
func ownCPU() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// cpuOfTree is how many seconds a process and all below it have computed, children that have
// ended included.
func cpuOfTree(pid int) float64 {
	entries, _ := os.ReadDir("/proc")
	children, spent := map[int][]int{}, map[int]float64{}
	for _, entry := range entries {
		number, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if fields := stat(number); len(fields) > 14 {
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], number)
			for _, field := range fields[11:15] {
				value, _ := strconv.ParseFloat(field, 64)
				spent[number] += value / ticks
			}
		}
	}
	total, found := 0.0, []int{pid}
	for at := 0; at < len(found); at++ {
		total += spent[found[at]]
		found = append(found, children[found[at]]...)
	}
	return total
}

// stat gives the fields of a process's stat from its state on; none if it is gone.
func stat(pid int) []string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(text), ") ")
	return strings.Fields(after)
}
