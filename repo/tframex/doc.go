// Package tframex stores what an agent framework keeps: the entities of package
// schema/tframex, each with its generated repository. The types are aliases of
// those, so that a program needs to import only this package.
//
//	conversations := tframex.NewConversations(client)
//	page, err := conversations.Where(tframex.ConversationFields.UserID.Eq(user)).
//		OrderBy(tframex.ConversationFields.CreatedAt.Desc()).Limit(20).Page(ctx)
package tframex
