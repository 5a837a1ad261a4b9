/** Makes the protected header of the field at a pointer, as it stands in a token. */
export type Heads = (pointer: string) => string

/**
 * The protected headers of all fields of one payload. They differ in the pointer only, so what stands before it is
 * encoded once.
 *
 * @param end - further members, as JSON text behind a comma
 */
export const headsOf = (kid: string, ctx: string, jti: string, end = ''): Heads => {
  // All three are base64url with a dot at most: nothing in them needs an escape.
  const start = `{"alg":"dir","enc":"A256GCM","kid":"${kid}","p":`
  const rest = `,"ctx":"${ctx}","jti":"${jti}"${end}}`
  // Three bytes are four characters: what is whole in front can stay as it is.
  const whole = start.length - (start.length % 3)
  const front = Buffer.from(start.slice(0, whole), 'latin1').toString('base64url')
  const behind = start.slice(whole)
  return (pointer) => {
    const tail = `${behind}${JSON.stringify(pointer)}${rest}`
    return front + Buffer.from(tail, 'utf8').toString('base64url')
  }
}
