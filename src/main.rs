//! seatledger
fn main() {}
