package doctor

const rootDir = ""
