package avro

// Ways of Reading.Into, each by itself.

func (r *Reading) Fill(payload []byte, into any) bool {
	how := r.filler(into)
	if how == nil {
		return false
	}
	rest, ok := how.fill(payload, into)
	return ok && r.ends(payload, rest) == nil
}

func (r *Reading) ByCodec(payload []byte, into any) bool {
	rest, ok := r.byCodec(payload, into)
	return ok && r.ends(payload, rest) == nil
}

func (r *Reading) ByRecord(payload []byte, into any) error { return r.byRecord(payload, into) }
