package main

import (
	"fmt"
	"strings"
)

func title(format string, args ...any) { fmt.Printf("\n"+format+"\n\n", args...) }

// call prints a call and what it has led to.
func call(code, outcome string) {
	fmt.Println("   " + code)
	if outcome != "" {
		fmt.Println("     -> " + outcome)
	}
}

// short cuts a text to what fits on a line.
func short(text string) string {
	const most = 70
	text = strings.TrimSpace(text)
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}

func ids(users []*User) string {
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = u.ID
	}
	return strings.Join(names, ", ")
}
