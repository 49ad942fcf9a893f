package doctor

// browsers are registered in the registry, which is not looked at yet.
var browsers []browser
