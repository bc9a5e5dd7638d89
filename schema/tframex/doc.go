// Package tframex declares what an agent framework keeps: users and their
// roles, conversations, the runs of flows and agents, and what was measured and
// audited meanwhile.
//
// The structs are plain data. To keep more, embed one in a struct of your own
// and give that a //redisgen:entity directive:
//
//	//redisgen:entity users
//	type Member struct {
//		tframex.User
//		Department string `redis:"department,index"`
//	}
package tframex

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate -out ../../repo/tframex .
