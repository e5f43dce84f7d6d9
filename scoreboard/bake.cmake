# cmake -DIN=FILE -DOUT=FILE.c -DNAME=array -DINCLUDE=header -P bake.cmake: a file as a C
# array, ended by NUL, so that the program needs no file at run time.
file(READ "${IN}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE "${OUT}" "#include \"${INCLUDE}\"\n\n"
  "const unsigned char ${NAME}[] = {${bytes}0};\n"
  "const gsize ${NAME}_len = sizeof(${NAME}) - 1;\n")
