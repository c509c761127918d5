import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'

// Reapers clean up after a test run that is killed or interrupted and cannot do it itself. A reaper is a shell that
// waits for the end of this process: `cat` returns when the other end of its pipe closes.

// $1 is the data folder.
const STOP_SERVER_AND_REMOVE_FOLDER = `
  cat > /dev/null
  if pid=$(head -n 1 "$1/postgres/postmaster.pid"); then
    kill -QUIT "$pid"
    while kill -0 "$pid"; do sleep 0.1; done
  fi
  if mountpoint -q "$1"; then umount --lazy "$1"; fi
  rm -rf "$1"`

/** When this process ends, stops the PostgreSQL server of the folder and removes the folder. */
export function startFolderReaper(dataDir: string): void {
  startReaper(STOP_SERVER_AND_REMOVE_FOLDER, dataDir)
}

/** Kills the child process when this process ends. */
export function killWithTestRun(child: ChildProcess): void {
  const reaper = startReaper('cat > /dev/null; kill -9 "$1"', `${child.pid}`)
  // Without this, a later process with the same id would be killed.
  child.once('exit', () => reaper.kill('SIGKILL'))
}

function startReaper(script: string, argument: string): ChildProcess {
  const reaper = spawn('sh', ['-c', script, 'sh', argument], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  reaper.unref()
  // The pipe must not keep this process running.
  if (reaper.stdin instanceof Socket) reaper.stdin.unref()
  return reaper
}
