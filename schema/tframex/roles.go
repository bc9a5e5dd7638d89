package tframex

import "time"

// Role is a set of permissions under a name.
//
//redisgen:entity roles
type Role struct {
	ID          string     `redis:"id,key"`                  // ID is a UUID.
	Name        string     `redis:"name,unique,fold"`        // Name is unique, in any case.
	Description *string    `redis:"description"`             // Description is for people.
	Permissions []string   `redis:"permissions,index"`       // Permissions are written "resource:action"; either may be "*".
	ParentRole  *string    `redis:"parent_role,index"`       // ParentRole is the name of the role whose permissions this one has too.
	CreatedAt   time.Time  `redis:"created_at,created,sort"` // CreatedAt is when the role was made.
	UpdatedAt   *time.Time `redis:"updated_at,updated"`      // UpdatedAt is when the role was last changed.
	Extra       *Extra     `redis:"extra"`                   // Extra is what a document has beyond these fields.
}

// Permission is the right to do something with a kind of resource.
//
//redisgen:entity permissions
//redisgen:index Resource, Action
type Permission struct {
	ID          string  `redis:"id,key"`         // ID is a UUID.
	Name        string  `redis:"name,index"`     // Name is what roles call it.
	Resource    string  `redis:"resource,index"` // Resource is the kind of resource, or "*".
	Action      string  `redis:"action"`         // Action is what may be done, or "*".
	Description *string `redis:"description"`    // Description is for people.
	Extra       *Extra  `redis:"extra"`          // Extra is what a document has beyond these fields.
}

// UserRole is the assignment of a role to a user.
//
//redisgen:entity user_roles
//redisgen:index UserID order AssignedAt
//redisgen:index RoleID order AssignedAt
type UserRole struct {
	UserID     string    `redis:"user_id,key"`      // UserID is the user who has the role.
	RoleID     string    `redis:"role_id,key"`      // RoleID is the role.
	AssignedAt time.Time `redis:"assigned_at,sort"` // AssignedAt is when the user got it.
	AssignedBy *string   `redis:"assigned_by"`      // AssignedBy is the user who gave it.
	ID         *string   `redis:"id,unique"`        // ID is what other systems call the assignment.
	Extra      *Extra    `redis:"extra"`            // Extra is what a document has beyond these fields.
}
