/** One segment follows: only top-level attributes have actions. */
const oneSegment = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1])
/** A structure's member; the specification keeps `#` for elements of lists. */
const member = Buffer.from('$')

/**
 * The canonical path of an attribute (structured encryption, "Canonical Path"): what binds a value to its table and
 * name, and decides the order of fields in legend, key derivation and footer, by bytes.
 *
 * The name's length counts UTF-16 code units, as AWS's implementations do, and not the bytes that follow: names
 * sort by that length first.
 */
export const canonicalPath = (table: string, name: string): Buffer => {
  const length = Buffer.alloc(8)
  length.writeUInt32BE(name.length, 4)
  return Buffer.concat([Buffer.from(table, 'utf8'), oneSegment, member, length, Buffer.from(name, 'utf8')])
}
