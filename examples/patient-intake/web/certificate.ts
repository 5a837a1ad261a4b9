import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createCertificates } from '@glassine/local-kms/certificates'

/** A certificate for localhost, and the CA's in a file, for those who would rather trust it than be asked. */
export const localhostCertificate = () => {
  const { ca, server } = createCertificates(['localhost', '127.0.0.1', '::1'])
  const folder = mkdtempSync(path.join(tmpdir(), 'glassine-'))
  const caFile = path.join(folder, 'playground-ca.pem')
  writeFileSync(caFile, ca)
  const forget = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', forget)
  return { ...server, caFile, forget }
}
