// Package placement has entities that cannot live where they say.
package placement

// One has as many shards as there are without the option.
//
//redisgen:entity one shards=1
type One struct {
	ID string `redis:"id,key"`
}

// Many has more than there can be.
//
//redisgen:entity many shards=1025
type Many struct {
	ID string `redis:"id,key"`
}

// Both has shards and lives in others.
//
//redisgen:entity both shards=4 in=Room
type Both struct {
	RoomID string `redis:"room_id,key,shard"`
}

// Abroad lives in another package.
//
//redisgen:entity abroad in=other.Room
type Abroad struct {
	ID string `redis:"id,key"`
}

// Lost lives in what is not there.
//
//redisgen:entity lost in=Roon
type Lost struct {
	ID string `redis:"id,key"`
}

// Self lives in itself.
//
//redisgen:entity self in=Self
type Self struct {
	ID string `redis:"id,key"`
}

// Left lives in Right, which lives in Left.
//
//redisgen:entity left in=Right
type Left struct {
	ID string `redis:"id,key"`
}

// Right lives in Left, which lives in Right.
//
//redisgen:entity right in=Left
type Right struct {
	ID string `redis:"id,key"`
}

// Above is right itself, and lives in a circle of others.
//
//redisgen:entity above in=Left
type Above struct {
	ID string `redis:"id,key,shard"`
}

// Room is right.
//
//redisgen:entity rooms shards=4
type Room struct {
	ID string `redis:"id,key"`
}

// House is right, and placed by two fields.
//
//redisgen:entity houses shards=4
type House struct {
	Street string `redis:"street,key,shard"`
	Number int    `redis:"number,key,shard"`
	Since  int    `redis:"since,key"`
}

// Hall has one shard, and so has Bench.
//
//redisgen:entity halls
type Hall struct {
	ID string `redis:"id,key"`
}

// Bench need not say which field is the hall's, and does, wrongly.
//
//redisgen:entity benches in=Hall
type Bench struct {
	HallID int    `redis:"hall_id,key,shard"`
	ID     string `redis:"id,key"`
}

// Chair does not say which field is the room's.
//
//redisgen:entity chairs in=Room
type Chair struct {
	RoomID string `redis:"room_id,key"`
	ID     string `redis:"id,key"`
}

// Leg does not either, further down.
//
//redisgen:entity legs in=Chair
type Leg struct {
	RoomID string `redis:"room_id,key"`
	ID     string `redis:"id,key"`
}

// Door is placed by fewer fields than its house.
//
//redisgen:entity doors in=House
type Door struct {
	Street string `redis:"street,key,shard"`
	Number int    `redis:"number,key"`
}

// Window is placed by more fields than its room.
//
//redisgen:entity windows in=Room
type Window struct {
	RoomID string `redis:"room_id,key,shard"`
	Wall   string `redis:"wall,key,shard"`
}

// Roof is placed by other fields than its house.
//
//redisgen:entity roofs in=House
type Roof struct {
	Number int    `redis:"number,key,shard"`
	Street string `redis:"street,key,shard"`
}

// Town is placed by what is not part of its key.
//
//redisgen:entity towns shards=4
type Town struct {
	ID     string `redis:"id,key"`
	Region string `redis:"region,index,shard"`
}

// Lake has one shard.
//
//redisgen:entity lakes
type Lake struct {
	Country string `redis:"country,key,shard"`
	ID      string `redis:"id,key"`
	Depth   int    `redis:"depth,shard"`
}

// Letter is unique across shards and within one.
//
//redisgen:entity letters shards=4 retry
type Letter struct {
	To     string `redis:"to,key,shard,unique=number"`
	ID     string `redis:"id,key"`
	Code   string `redis:"code,unique"`
	Number int    `redis:"number,unique=number"`
	From   string `redis:"from,unique=stamp"`
	Stamp  string `redis:"stamp,unique=stamp"`
}

// Parcel is unique by all of its key, or by a part.
//
//redisgen:entity parcels
type Parcel struct {
	To    string `redis:"to,key,unique=all,unique"`
	ID    string `redis:"id,key,unique=all"`
	Label string `redis:"label,unique=all"`
}
