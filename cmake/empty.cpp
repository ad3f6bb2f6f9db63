// A library needs a source; a layer may consist of headers.
