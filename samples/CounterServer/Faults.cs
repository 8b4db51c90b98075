using System.Globalization;
using System.Runtime.CompilerServices;

namespace CounterServer;

/// <summary>
/// The ways to go wrong that are asked for by a line that begins with '!', if --allow-faults was given. What tests of crashes talk to.
/// </summary>
internal sealed class Faults
{
    private const string WorkCommand = "!work ";
    private readonly TaskCompletionSource _never = new();
    private volatile bool _busy;
    private volatile bool _deaf;

    /// <summary>Does what the line asks for, if it asks for anything. Most of it does not return.</summary>
    public void Commit(string line)
    {
        switch (line)
        {
            case "!failfast":
                Environment.FailFast("The application has asked for it.");
                break;
            case "!stackoverflow":
                Recurse(1);
                break;
            case "!accessviolation":
                WriteWhereNobodyMay();
                break;
            case "!throw":
                new Thread(() => throw new InvalidOperationException("The application has crashed.")).Start();
                break;
            case "!busy":
                _busy = true;
                break;
            case "!deaf":
                _deaf = true;
                break;
            case string exit when exit.StartsWith("!exit ", StringComparison.Ordinal):
                Environment.Exit(int.Parse(exit.AsSpan("!exit ".Length), NumberStyles.None, CultureInfo.InvariantCulture));
                break;
        }
    }

    /// <summary>"!work MILLISECONDS": how long the session is at work with this line. Zero with any other.</summary>
    public static TimeSpan WorkIn(string line) => line.StartsWith(WorkCommand, StringComparison.Ordinal)
        ? TimeSpan.FromMilliseconds(int.Parse(line.AsSpan(WorkCommand.Length), NumberStyles.None, CultureInfo.InvariantCulture))
        : TimeSpan.Zero;

    /// <summary>What the server's main loop does between two heartbeats.</summary>
    public void Work()
    {
        while (_busy)
        {
            // For ever: a loop that waits for what does not come.
        }
    }

    /// <summary>Comes back at once; never, when the server has gone deaf.</summary>
    public Task WhileDeafAsync() => _deaf ? _never.Task : Task.CompletedTask;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Recurse(int depth) => Recurse(depth + 1) + depth;

    // The page at 0 would not do: the runtime makes a NullReferenceException of it. This one is the kernel's.
    private static unsafe void WriteWhereNobodyMay() => *(int*)-4096L = 1;
}
