import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createCertificates } from '../../packages/local-kms/src/certificate.ts'
import { freePort } from '../../packages/testing/src/dynamodb/local-dynamodb.ts'

const binary = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/bin/nginx'].find(existsSync)

/** Why nginx is not available; nothing if it is. */
export const missingNginx = (): string | undefined =>
  binary === undefined ? 'nginx is not installed (Debian: apt-get install nginx-light)' : undefined

/** An nginx that terminates TLS on the loopback address in front of a local port. The caller must close it. */
export const startNginx = async (upstream: number) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'glassine-load-'))
  const port = await freePort()
  const { server, ca } = createCertificates(['localhost', '127.0.0.1'])
  writeFileSync(path.join(folder, 'key.pem'), server.key, { mode: 0o600 })
  writeFileSync(path.join(folder, 'cert.pem'), server.cert)
  writeFileSync(path.join(folder, 'nginx.conf'), configuration(folder, port, upstream))
  const child = spawn(binary!, ['-p', folder, '-c', 'nginx.conf', '-e', path.join(folder, 'error.log')], {
    stdio: 'ignore',
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await Promise.race([
      listening(port),
      ended.then(() => {
        throw new Error('nginx did not start')
      }),
    ])
  } catch (error) {
    await close()
    throw error
  }
  return { origin: `https://localhost:${port}`, ca, close }
}

const configuration = (folder: string, port: number, upstream: number): string => `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream node { server 127.0.0.1:${upstream}; keepalive 64; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/cert.pem;
    ssl_certificate_key ${folder}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { proxy_pass http://node; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`

/** Resolves when a server accepts connections there. */
const listening = async (port: number): Promise<void> => {
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => done(true)).once('error', () => done(false))
      socket.once('close', () => socket.destroy())
      setTimeout(() => socket.end(), 50)
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('nginx does not listen')
}
