// Package refs has references that cannot be kept.
package refs

// Room is right.
//
//redisgen:entity rooms shards=4
type Room struct {
	ID string `redis:"id,key"`
}

// Chair is right, and has a key that no field can refer to.
//
//redisgen:entity chairs in=Room
//redisgen:index RoomID
type Chair struct {
	RoomID string `redis:"room_id,key,shard,ref=Room,ondelete=cascade"`
	ID     string `redis:"id,key"`
}

// Guest refers to what is not there, elsewhere, or of two key fields.
//
//redisgen:entity guests in=Room
//redisgen:index RoomID
type Guest struct {
	RoomID string `redis:"room_id,key,shard,ref=Chair"`
	ID     string `redis:"id,key,ref=House"`
	Friend string `redis:"friend,index,ref=Rom"`
	Hall   string `redis:"hall,index,ref=Hall"`
}

// Visit refers to what may be in another shard.
//
//redisgen:entity visits in=Room
type Visit struct {
	RoomID string `redis:"room_id,key,shard"`
	ID     string `redis:"id,key"`
	From   string `redis:"from,index,ref=Room"`
}

// Lease is placed by its room, and no index finds it by that.
//
//redisgen:entity leases in=Room
//redisgen:index RoomID, Kind
type Lease struct {
	RoomID string `redis:"room_id,key,shard,ref=Room"`
	Kind   string `redis:"kind,key"`
	Delete string `redis:"delete,ondelete=cascade"`
}

// Hall is right.
//
//redisgen:entity halls
type Hall struct {
	ID string `redis:"id,key"`
}

// Bench refers to halls by what is none.
//
//redisgen:entity benches in=Hall
type Bench struct {
	ID      string   `redis:"id,key"`
	Number  int      `redis:"number,index,ref=Hall"`
	Names   []string `redis:"names,index,ref=Hall"`
	Name    string   `redis:"name,index,fold,ref=Hall"`
	Unfound string   `redis:"unfound,unique,ref=Hall"`
	Next    string   `redis:"next,index,ref=Bench,ondelete=cascade"`
}

// Clock refers to itself, and counts in what refers.
//
//redisgen:entity clocks in=Hall
//redisgen:index ID
type Clock struct {
	ID      int `redis:"id,key,ref=Clock"`
	Version int `redis:"version,version,index,ref=Clock"`
}

// Sun, Moon and Star refer to each other; Comet only to one of them.
//
//redisgen:entity suns in=Hall
type Sun struct {
	ID   string `redis:"id,key"`
	Moon string `redis:"moon,index,ref=Moon"`
}

// Moon is the second.
//
//redisgen:entity moons in=Hall
type Moon struct {
	ID   string `redis:"id,key"`
	Star string `redis:"star,index,ref=Star"`
}

// Star is the third.
//
//redisgen:entity stars in=Hall
type Star struct {
	ID  string `redis:"id,key"`
	Sun string `redis:"sun,index,ref=Sun"`
}

// Comet is right.
//
//redisgen:entity comets in=Hall
type Comet struct {
	ID  string  `redis:"id,key"`
	Sun *string `redis:"sun,index,ref=Sun"`
}

// Tree refers to another record of many shards.
//
//redisgen:entity trees shards=4
type Tree struct {
	ID     string  `redis:"id,key"`
	Parent *string `redis:"parent,index,ref=Tree"`
}
