using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace SeamlessReboot.TestServer.Kinds;

/// <summary>An accept loop. With --hold-accepted the first image never adds whom it has accepted.</summary>
internal abstract class AcceptingKind(Server server) : IServerKind
{
    private bool _isStarted;

    protected Server Server { get; } = server;

    public abstract IRebootSession Restore(RestoredSession saved);

    public void Serve(Socket listener)
    {
        if (!_isStarted)
            Start();
        _isStarted = true;
        _ = AcceptAllAsync(listener);
    }

    /// <summary>Begins what goes on beside the sessions, when the world is there.</summary>
    protected virtual void Start()
    {
    }

    protected abstract IRebootSession Create(SessionConnection connection);

    private async Task AcceptAllAsync(Socket listener)
    {
        while (true)
        {
            Socket socket = await Server.Rebooter.AcceptAsync(listener);
            if (socket.ProtocolType == ProtocolType.Tcp)
                socket.SendBufferSize = 64 * 1024; // else the kernel takes up to 4 MiB, and what a test calls unsent is not the server's
            if (Server.Options.Has("hold-accepted") && Server.Rebooter.Generation == 0)
                Events.Tell("accepted", new JsonObject());
            else
                Server.Rebooter.Add(Create(new SessionConnection(socket, Server.Limits)));
        }
    }
}
