// Named faults: each once passed all tests, and was found by hand. A test checks that each still has its place.

export interface Named {
  readonly package: string
  /** A text that occurs exactly once in the sources of the package, in any file and with any indentation. */
  readonly find: string
  readonly replace: string
  readonly why: string
}

/** Keys, IVs and ids that must never be the same twice. */
const constants: readonly Named[] = [
  {
    package: 'message',
    find: 'out.writeUInt32BE(sequence, at + ivBytes - 4)',
    replace: '',
    why: 'the number of a frame is not in its IV',
  },
  {
    package: 'message',
    find: 'out.fill(0, at, at + ivBytes - 4)',
    replace: '',
    why: 'the first bytes of an IV are whatever was in memory',
  },
  {
    package: 'message',
    find: 'randomFillSync(pool)',
    replace: 'pool.fill(0)',
    why: 'every message id is zero',
  },
  {
    package: 'session',
    find: 'randomFillSync(Buffer.allocUnsafe(count))',
    replace: 'Buffer.alloc(count)',
    why: 'every IV of a token is zero',
  },
  {
    package: 'client',
    find: 'const iv = randomBytes(crypto, 12)',
    replace: 'const iv = new Uint8Array(12)',
    why: 'every IV of a token is zero',
  },
  {
    package: 'client',
    find: 'const id = encode(randomBytes(crypto, 16))',
    replace: 'const id = encode(new Uint8Array(16))',
    why: 'all sessions have one id',
  },
  {
    package: 'client',
    find: 'const request = randomBytes(crypto, 32)',
    replace: 'const request = new Uint8Array(32)',
    why: 'the key of requests is zero',
  },
  {
    package: 'client',
    find: 'const response = randomBytes(crypto, 32)',
    replace: 'const response = new Uint8Array(32)',
    why: 'the key of responses is zero',
  },
  {
    package: 'client',
    find: 'const bytes = randomBytes(crypto, 32)',
    replace: 'const bytes = new Uint8Array(32)',
    why: 'the content key of RSA-OAEP is zero',
  },
  {
    package: 'keys',
    find: 'const random = randomBytes(request.length + freshLength)',
    replace: 'const random = Buffer.alloc(request.length + freshLength)',
    why: 'data key, salt and IV are zero',
  },
  {
    package: 'keys',
    find: 'const dataKey = random.subarray(0, request.length)',
    replace: 'const dataKey = random.subarray(0, request.length).fill(0)',
    why: 'the data key is zero',
  },
  {
    package: 'keys',
    find: 'await wrap(request, dataKey, random.subarray(request.length))',
    replace: 'await wrap(request, dataKey, random.subarray(request.length).fill(0))',
    why: 'salt and IV of a wrapped data key are zero',
  },
]

/** Clean-up that is left out. */
const cleanup: readonly Named[] = [
  {
    package: 'message',
    find: 'for (const part of regular) part.fill(0)',
    replace: '',
    why: 'the parts of a longer plaintext stay in memory',
  },
  {
    package: 'keys',
    find: 'plaintext?.fill(0) return undefined',
    replace: 'return undefined',
    why: 'a plaintext that is not authentic stays in memory',
  },
  {
    package: 'keys',
    find: '{ authTagLength: tagBytes } as const',
    replace: '{} as const',
    why: 'tags of 4 bytes are accepted',
  },
  { package: 'keys', find: 'inner.fill(0, 0, keyBytes)', replace: '', why: 'a key stays in memory' },
  { package: 'keys', find: 'inner.fill(0, blockBytes)', replace: '', why: 'a data key stays in memory' },
  { package: 'keys', find: 'outer.fill(0, 0, keyBytes)', replace: '', why: 'a key stays in memory' },
  { package: 'keys', find: 'outer.fill(0, blockBytes)', replace: '', why: 'a digest stays in memory' },
  {
    package: 'message',
    find: 'prk.fill(0) extract.wipe()',
    replace: 'extract.wipe()',
    why: 'the key that others are derived from stays in memory',
  },
  {
    package: 'message',
    find: 'dataKey.encryptedDataKeys) } } finally { dataKey.release()',
    replace: 'dataKey.encryptedDataKeys) } } finally {',
    why: 'the key of an encrypted message is never given back',
  },
  {
    package: 'message',
    find: 'request.context.pairs) } } finally { dataKey.release()',
    replace: 'request.context.pairs) } } finally {',
    why: 'the key of a decrypted message is never given back',
  },
  {
    package: 'dynamodb',
    find: 'for (const secret of [fresh, keys?.commitKey, keys?.rootKey]) secret?.fill(0)',
    replace: '',
    why: 'keys of an item stay in memory',
  },
  {
    package: 'dynamodb',
    find: 'for (const { macKey } of recipients) macKey.fill(0)',
    replace: '',
    why: 'keys of a footer stay in memory',
  },
  {
    package: 'dynamodb',
    find: 'buffer.fill(0, 0, used)',
    replace: '',
    why: 'the plaintext of an item stays in memory that is used again',
  },
  {
    package: 'keys',
    find: 'wrapped, tag) } finally { derived.fill(0)',
    replace: 'wrapped, tag) } finally {',
    why: 'a wrapping key stays in memory',
  },
  {
    package: 'session',
    find: 'bytes.fill(0) return derived',
    replace: 'return derived',
    why: 'the shared secret stays in memory',
  },
  {
    package: 'keys',
    find: 'finally { clearTimeout(timer)',
    replace: 'finally {',
    why: 'a timer outlives the call to KMS',
  },
  {
    package: 'session',
    find: 'finally { lease.release()',
    replace: 'finally {',
    why: 'a wrapped private key is never given back',
  },
  {
    package: 'session',
    find: 'createSecretKey(bytes)) } finally { bytes.fill(0)',
    replace: 'createSecretKey(bytes)) } finally {',
    why: 'the key of a session stays in memory',
  },
]

/** Faults that were simply not noticed. */
const survivors: readonly Named[] = [
  {
    package: 'message',
    find: "(required.length === 0 ? '' : required.map(lengthPrefixed).join(''))",
    replace: "''",
    why: '`requiredContext` is ignored on a second call with the same keys',
  },
  {
    package: 'message',
    find: "checkOption('legacySuites', legacySuites, rules.legacySuites)",
    replace: '',
    why: '`legacySuites` is not checked',
  },
  {
    package: 'keys',
    find: 'else if (failure === undefined || isRefusal(error)) failure = error',
    replace: 'else failure ??= error',
    why: 'an outage hides that another branch key is refused',
  },
  {
    package: 'keys',
    find: 'ownError(thrown) if (failure === undefined || isRefusal(error)) failure = error',
    replace: 'ownError(thrown)\nfailure ??= error',
    why: 'an outage hides that another keyring refuses',
  },
  {
    package: 'keys',
    find: 'if (expected.region === undefined && !isMultiRegion(key)) throw wrong()',
    replace: '',
    why: 'a response of a key that is in one Region only passes for any',
  },
  {
    package: 'keys',
    find: 'loading = undefined',
    replace: '',
    why: 'an import of the SDK that failed is never tried again',
  },
  {
    package: 'keys',
    find: "if ('response' in result) return result.response.Table ?? {}",
    replace: 'return (result as any).response?.Table ?? {}',
    why: 'a table that may not be described passes for an empty one',
  },
  {
    package: 'keys',
    find: 'this.counts.stale++',
    replace: '',
    why: 'stale responses are not counted',
  },
  {
    package: 'keys',
    find: 'entry.bytes += demand.bytes this.counts.stale++',
    replace: 'this.counts.stale++',
    why: 'bytes of stale responses do not count towards the limit',
  },
  {
    package: 'keys',
    find: 'if (map.size >= maxEntries) remove(shares.excess(owner) ?? map.values().next().value)',
    replace: '',
    why: 'a bounded map has no bound',
  },
  {
    package: 'session',
    find: "pair ??= pairOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)",
    replace: "pair = pairOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)",
    why: 'a local recipient has another key each time',
  },
  {
    package: 'session',
    find: 'if (value[0] === 0 && value.length > 1) value = value.subarray(1)',
    replace: '',
    why: 'a signature with a leading zero is refused',
  },
  {
    package: 'session',
    find: 'if (at !== der.length) throw malformed()',
    replace: '',
    why: 'bytes behind a signature pass',
  },
  {
    package: 'session',
    find: "recognises(payload[member]) ? 'ERR_ALREADY_ENCRYPTED' : 'ERR_VALUE_INVALID'",
    replace: "'ERR_VALUE_INVALID'",
    why: 'a payload that is encrypted already gets another error',
  },
  {
    package: 'session',
    find: 'if ((tokens.length === 0) !== (proof !== undefined))',
    replace: 'if (tokens.length === 0 && proof === undefined)',
    why: 'a proof beside values is taken',
  },
  {
    package: 'session',
    find: 'if (isRead && rid === undefined && !replayReads) return',
    replace: 'if (!replayReads) return',
    why: 'no request is spent unless reads are',
  },
  {
    package: 'client',
    find: 'if (!isWithin && !besideBody && status >= 400) return marked(response, false)',
    replace: 'if (!isWithin && !besideBody) return marked(response, false)',
    why: 'a success that proves nothing is handed on',
  },
  {
    package: 'client',
    find: 'if (!retried && request.isRepeatable) {',
    replace: 'if (!retried) {',
    why: 'a POST is sent twice on a forged response',
  },
  {
    package: 'middy',
    find: "viewer?.every((value) => isEnough(value.split(':', 1)[0]!))",
    replace: "viewer?.some((value) => isEnough(value.split(':', 1)[0]!))",
    why: 'of several versions of TLS from CloudFront one is enough',
  },
  {
    package: 'middy',
    find: 'const minSecretLength = 16',
    replace: 'const minSecretLength = 15',
    why: 'a secret may be shorter than it is said',
  },
  {
    package: 'core',
    find: "thrown.name === 'GlassineError' &&",
    replace: 'false &&',
    why: 'errors of another copy of the library are taken for foreign ones',
  },
  {
    package: 'core',
    find: 'if (encrypted.each !== undefined) return true',
    replace: '',
    why: 'a bundle may be put beside the members of a record',
  },
  {
    package: 'core',
    find: "if (start !== '' || ",
    replace: 'if (',
    why: 'a pointer without a slash opens',
  },
  {
    package: 'core',
    find: 'Object.hasOwn(members, key) ? members[key] : undefined',
    replace: 'members[key]',
    why: 'a pointer to an inherited member opens',
  },
  {
    package: 'core',
    find: 'maxSessionSeals = 2 ** 20',
    replace: 'maxSessionSeals = 2 ** 32',
    why: 'a session key seals more than is safe',
  },
  {
    package: 'logger',
    find: "original === '' && frames.every((line) => frame.test(line))",
    replace: "original === ''",
    why: 'lines of a stack that are none are shown',
  },
  {
    package: 'logger',
    find: "put('name', member('', name), false)",
    replace: "put('name', name, false)",
    why: 'the name of an error is not redacted',
  },
  {
    package: 'logger',
    find: "const isParameter = decoded && text[valueAt - 1] === '=' && path.test(text.slice(0, match.index))",
    replace: "const isParameter = decoded && text[valueAt - 1] === '='",
    why: 'what is behind a name in a text passes for a parameter of a query',
  },
  {
    package: 'logger',
    find: 'code === 0x2d ||',
    replace: '',
    why: 'base64url with a minus is not looked into',
  },
  {
    package: 'logger',
    find: "if (!rule || named[at] || !isScalar(element)) return below('', element)",
    replace: "return below('', element)",
    why: 'the neighbours of a declared name in a list are shown',
  },
  {
    package: 'logger',
    find: "'data', 'received', 'input'",
    replace: "'data', 'input'",
    why: 'an object that a validator found under `received` is shown',
  },
  {
    package: 'logger',
    find: '--line.nodes < 0) { line.changes++',
    replace: '--line.nodes < 0) {',
    why: 'a structure that was cut passes for unchanged',
  },
  {
    package: 'logger',
    find: 'if (line.chars < 0 || depth > maxDepth) { line.changes++',
    replace: 'if (line.chars < 0 || depth > maxDepth) {',
    why: 'a text that was cut passes for unchanged',
  },
  {
    package: 'logger',
    find: 'rules.get(normalised(found)) ?? unknownName',
    replace: 'rules.get(normalised(found))',
    why: 'a name that is written in another way has no rule',
  },
  {
    package: 'client',
    find: 'Date.now() >= mine.serviceKey.expires',
    replace: 'false',
    why: 'keys of the service are kept for ever',
  },
  {
    package: 'client',
    find: 'ticket && now() < ticket[1] ? ticket[0] : jwe',
    replace: 'ticket ? ticket[0] : jwe',
    why: 'a ticket that is over is sent',
  },
  {
    package: 'client',
    find: 'if (!(exp * 1000 > now)) throw exp',
    replace: '',
    why: 'a set of keys that is over is taken',
  },
]

/** Branches that no test entered. */
const branches: readonly Named[] = [
  {
    package: 'dynamodb',
    find: 'if (!asked.has(keyText(table.config, item))) throw decryptFailed(otherKey)',
    replace: '',
    why: 'a batch answers with an item that was not asked for',
  },
  {
    package: 'dynamodb',
    find: 'if (actions[at] === undefined) throw decryptFailed(noPlace)',
    replace: 'if (actions[at] === undefined) return item',
    why: 'a transaction answers with more items than were asked for',
  },
  {
    package: 'dynamodb',
    find: "if ('B' in value && types.isUint8Array(value.B)) return ['B', Buffer.from(value.B).toString('base64')]",
    replace: '',
    why: 'items with binary keys are not told apart',
  },
  {
    package: 'dynamodb',
    find: 'fields.sort((a, b) => (a.plan.order < b.plan.order ? -1 : 1))',
    replace: 'fields',
    why: 'many attributes are not sorted',
  },
  {
    package: 'dynamodb',
    find: 'if (!isUtf8(bytes)) throw malformed()',
    replace: '',
    why: 'a text that is no UTF-8 opens as another',
  },
  {
    package: 'dynamodb',
    find: 'if (reader.at !== end) throw malformed()',
    replace: '',
    why: 'a value need not be as long as it says',
  },
  {
    package: 'dynamodb',
    find: 'encryptedDataKeys.length === 0 || encryptedDataKeys.length > maxHeaderKeys',
    replace: 'false',
    why: 'a header with too many data keys is written',
  },
  {
    package: 'dynamodb',
    find: 'if (bytes.length > 0xffff) throw unfit()',
    replace: '',
    why: 'a part that is too long for its header is written',
  },
  {
    package: 'session',
    find: "throw unavailable('The unwrapped private key does not belong to `publicKey`')",
    replace: '',
    why: 'a wrapped key of another pair is taken',
  },
  {
    package: 'session',
    find: "if (request.kind !== 'decrypt')",
    replace: 'if (false)',
    why: 'an RSA recipient is asked to agree',
  },
  {
    package: 'keys',
    find: 'const spending = boundedMap<Window>(maxSenders)',
    replace: 'const spending = boundedMap<Window>(Infinity)',
    why: 'senders are remembered without end',
  },
  {
    package: 'middy',
    find: 'if (!fields && isErrorResponse) return response',
    replace: '',
    why: 'an error before anything was opened gets another response',
  },
  {
    package: 'middy',
    find: "isVerified: false, pem: decodedPem(header(''))",
    replace: "isVerified: true, pem: decodedPem(header(''))",
    why: 'a certificate that ALB passes through counts as verified',
  },
  {
    package: 'middy',
    find: 'return text === undefined ? undefined : decodeURIComponent(text)',
    replace: 'return text',
    why: 'a certificate of ALB stays percent-encoded',
  },
]

export const catalogue: readonly Named[] = [...constants, ...cleanup, ...survivors, ...branches]
