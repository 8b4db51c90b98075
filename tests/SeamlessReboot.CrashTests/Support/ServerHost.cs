using System.Net;
using SeamlessReboot.CrashTests.Load;

namespace SeamlessReboot.CrashTests.Support;

/// <summary>CounterServer under somebody who starts it again.</summary>
internal abstract class ServerHost(Family family, int port) : IAsyncDisposable
{
    /// <summary>What is given to the server with each command line.</summary>
    public const string RarelyByItself = "3600";

    protected Family Family { get; } = family;

    public EndPoint EndPoint { get; } = new IPEndPoint(IPAddress.Loopback, port);

    /// <summary>What supervisor and server have printed.</summary>
    public Transcript Transcript { get; } = new();

    /// <summary>The last "ready".</summary>
    public ServerEvent Ready { get; private set; } = null!;

    /// <summary>The server's process, as this namespace numbers it.</summary>
    public int ServerPid { get; private set; }

    /// <summary>What else is known about it when a test has failed.</summary>
    public virtual string Describe() => Transcript.Text;

    /// <summary>Waits until a server is ready, other than the one that was last known.</summary>
    public async Task<ServerEvent> ReadyAsync(int since = 0)
    {
        Ready = await Transcript.EventAsync(e => e.Name == "ready", "ready", since);
        ServerPid = HostPid(Ready.Pid);
        return Ready;
    }

    /// <summary>
    /// Has a checkpoint taken, and tells the clients before and after. One that the server has taken by itself will do, if it is new
    /// enough; one that is asked for while another is under way is refused, and asked for again.
    /// </summary>
    public async Task<ServerEvent> CheckpointAsync(Swarm swarm)
    {
        const int Attempts = 25;
        swarm.BeginCheckpoint();
        DateTimeOffset begun = DateTimeOffset.UtcNow.AddMilliseconds(1);
        for (int attempt = 1; ; attempt++)
        {
            int since = Transcript.Now;
            Kernel.Send(ServerPid, Kernel.Sigusr2);
            try
            {
                ServerEvent taken = await Transcript.EventAsync(e => e.Name == "checkpoint" && e.Written >= begun, "checkpoint", since, TimeSpan.FromSeconds(2));
                if (taken.Failure is null && taken.Number("late") == 0)
                {
                    swarm.EndCheckpoint();
                    return taken;
                }

                if (attempt == Attempts)
                    throw new InvalidOperationException($"No checkpoint has everyone. The last: {taken}\n{Describe()}");
            }
            catch (TimeoutException) when (attempt < Attempts)
            {
                // Refused.
            }
        }
    }

    /// <summary>Makes the server die, and waits until it has, and the next one is ready.</summary>
    /// <param name="swarm">Who is told.</param>
    /// <param name="kill">What kills it, sooner or later.</param>
    public async Task<Death> DieAsync(Swarm swarm, Func<Task> kill)
    {
        int since = Transcript.Now;
        Task end = Kernel.EndOf(ServerPid);
        await kill();
        Death death = await DiedAsync(swarm, end);
        await ReadyAsync(since);
        return death;
    }

    /// <summary>Waits until the server has died.</summary>
    public async Task<Death> DiedAsync(Swarm swarm, Task end)
    {
        try
        {
            await end;
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{Describe()}", e);
        }

        return swarm.Died();
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>How the server's own number for itself is translated.</summary>
    protected abstract int HostPid(int pid);
}
