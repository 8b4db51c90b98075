using System.Net.Sockets;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Kinds;

/// <summary>A game loop of the old school: one thread, select, its own buffers, and a safe point at the top of the loop.</summary>
internal sealed class PolledKind(Server server) : IServerKind
{
    private readonly List<PolledSession> _sessions = [];
    private readonly List<Socket> _listeners = [];

    public IRebootSession Restore(RestoredSession saved)
    {
        PolledSession session = new(saved.Socket, saved.ReadState<CounterStateV1>(), saved.UnreadInput, saved.UnsentOutput);
        _sessions.Add(session);
        return session;
    }

    public void Serve(Socket listener)
    {
        listener.Blocking = false;
        _listeners.Add(listener);
        if (_listeners.Count == 1)
            new Thread(Loop) { IsBackground = true, Name = "game" }.Start();
    }

    private void Loop()
    {
        SafePoint safePoint = server.Rebooter.AddSafePoint("game loop");
        while (true)
        {
            safePoint.Poll();
            List<Socket> ready = [.. _listeners, .. _sessions.Select(s => s.Socket)];
            List<Socket> writable = [.. _sessions.Where(s => s.HasOutput).Select(s => s.Socket)];
            Socket.Select(ready, writable, null, TimeSpan.FromMilliseconds(10));
            server.World.FirstHalf++;
            foreach (Socket listener in _listeners.Where(ready.Contains))
                Accept(listener);
            foreach (PolledSession session in _sessions)
                session.Pump();
            foreach (PolledSession session in _sessions.Where(s => s.IsOver))
                End(session);
            _sessions.RemoveAll(s => s.IsOver);
            server.World.SecondHalf++;
        }
    }

    private void Accept(Socket listener)
    {
        PolledSession session = new(listener.Accept(), new CounterStateV1 { Id = server.NextId() }, default, default);
        _sessions.Add(session);
        server.Rebooter.Add(session);
    }

    private void End(PolledSession session)
    {
        server.Rebooter.Remove(session);
        session.Socket.Dispose();
    }
}
