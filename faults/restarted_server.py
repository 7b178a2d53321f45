"""SIGKILL to every process of the server, or SIGTERM to the server; then it is started again."""

from faults.server import Server


async def killed_server(server: Server) -> list[str]:
    """`kill -9`, whatever the server is doing."""
    server.killed |= {*server.worker_pids()}
    await server.kill()
    await server.start()
    return []


async def stopped_server(server: Server) -> list[str]:
    """SIGTERM, upon which the server must end what it is doing, and end well."""
    server.killed |= {*server.worker_pids()}
    status = await server.terminate()
    await server.start()
    return [f"the server stopped with status {status}"] if status else []
