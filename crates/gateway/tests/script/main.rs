//! What happens to a message when one thing goes wrong at the worst moment: the real gateway, its real
//! store and sessions on a virtual clock, and an operator that follows a script.

mod hours;
mod house;
mod operator;
mod parts;
