using System.Net.Sockets;

namespace SeamlessReboot.TestServer.Kinds;

/// <summary>A way of building a server that people really use.</summary>
internal interface IServerKind
{
    IRebootSession Restore(RestoredSession saved);

    /// <summary>Begins to accept clients, and returns.</summary>
    void Serve(Socket listener);
}
