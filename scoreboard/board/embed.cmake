# cmake -DOUT=assets.c -DDIR=web -P embed.cmake: the page's files as one C table, so that
# the program needs no file at run time.
set(files
  "/|index.html|text/html"
  "/board.css|board.css|text/css"
  "/board.js|board.js|text/javascript"
  "/draw.js|draw.js|text/javascript"
  "/words.js|words.js|text/javascript"
  "/icon.svg|icon.svg|image/svg+xml")
set(arrays "")
set(table "")
set(n 0)
foreach(entry IN LISTS files)
  string(REPLACE "|" ";" parts "${entry}")
  list(GET parts 0 path)
  list(GET parts 1 name)
  list(GET parts 2 type)
  file(READ "${DIR}/${name}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char file_${n}[] = {${bytes}};\n")
  string(APPEND table "    {\"${path}\", \"${type}; charset=utf-8\", file_${n}, sizeof(file_${n})},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(WRITE "${OUT}" "#include \"scoreboard/board/board.h\"\n\n${arrays}\n"
  "const BoardAsset board_assets[] = {\n${table}    {NULL, NULL, NULL, 0},\n};\n")
