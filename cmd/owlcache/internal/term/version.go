package term

// Version is that of the program.
const Version = "0.6.0"
