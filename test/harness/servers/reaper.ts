import { spawn } from 'node:child_process'
import { Socket } from 'node:net'

// $1 is the data folder. `cat` ends when the test run does, as that closes the other end of the pipe.
const SCRIPT = `
  cat > /dev/null
  if pid=$(head -n 1 "$1/postgres/postmaster.pid"); then
    kill -QUIT "$pid"
    while kill -0 "$pid"; do sleep 0.1; done
  fi
  if mountpoint -q "$1"; then umount --lazy "$1"; fi
  rm -rf "$1"`

/**
 * Leaves somebody behind who ends the server in the folder, and removes the folder, when this process is gone:
 * Ctrl-C and a kill give it no chance to do that itself, and the server is in a session of its own.
 */
export function startReaper(dataDir: string): void {
  const reaper = spawn('sh', ['-c', SCRIPT, 'sh', dataDir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  reaper.unref()
  // The pipe must not keep the process alive that it is there to outlive.
  if (reaper.stdin instanceof Socket) reaper.stdin.unref()
}
