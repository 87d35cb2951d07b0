// A worker thread between the audio thread and the socket: the page's own thread may be busy for longer than a block.

const PING_MS = 1000, MAX_UNSENT_BYTES = 64_000

self.onmessage = ({ data }) => {
  if (!data.url) return
  const { url, protocols, rate, port } = data
  const socket = new WebSocket(url, protocols)
  socket.binaryType = "arraybuffer"
  let pinging = null
  socket.onopen = () => {
    socket.send(JSON.stringify({ rate }))
    pinging = setInterval(() => socket.send(JSON.stringify({ ping: performance.now() })), PING_MS)
  }
  socket.onmessage = ({ data }) => {
    if (typeof data !== "string") return port.postMessage(data, [data])
    const message = JSON.parse(data)
    self.postMessage("pong" in message ? { network: (performance.now() - message.pong) / 1000 } : message)
  }
  socket.onclose = () => {
    clearInterval(pinging)
    self.postMessage({ closed: true })
  }
  // What the network can't take in time is not worth sending later.
  port.onmessage = ({ data }) => {
    if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < MAX_UNSENT_BYTES) socket.send(data)
  }
  self.onmessage = ({ data }) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(data))
  }
}
